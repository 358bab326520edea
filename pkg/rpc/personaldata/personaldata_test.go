package personaldata_test

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
)

var warnings = personaldata.Section{ID: "warnings", Title: "Warnings", TitleZh: "警告"}

func records(n int, size int, last error) iter.Seq2[*apiv1.Warning, error] {
	return func(yield func(*apiv1.Warning, error) bool) {
		for range n {
			if !yield(&apiv1.Warning{Reason: "A", Message: strings.Repeat("x", size)}, nil) {
				return
			}
		}
		if last != nil {
			yield(nil, last)
		}
	}
}

func TestSend(t *testing.T) {
	for _, test := range []struct{ records, size, parts int }{
		{0, 0, 0}, {1, 10, 1}, {1000, 10, 1}, {1000, 10_000, 38},
	} {
		parts, sent := 0, 0
		err := personaldata.Send(warnings, records(test.records, test.size, nil), func(p *apiv1.PersonalDataPart) error {
			parts, sent = parts+1, sent+len(p.Records)
			if p.Section != "warnings" || p.Title != "Warnings" || p.TitleZh != "警告" {
				t.Errorf("part is of %q %q %q", p.Section, p.Title, p.TitleZh)
			}
			if size := proto.Size(p); size > 300<<10 {
				t.Errorf("part has %d bytes", size)
			}
			if got := p.Records[0].AsMap(); got["reason"] != "A" || got["message"] != strings.Repeat("x", test.size) {
				t.Errorf("record is %v", got)
			}
			return nil
		})
		if err != nil || parts != test.parts || sent != test.records {
			t.Errorf("%d records of %d: %d in %d parts, %v; want %d parts", test.records, test.size, sent, parts, err, test.parts)
		}
	}
}

func TestSendBreaksOff(t *testing.T) {
	broken := errors.New("broken")
	if err := personaldata.Send(warnings, records(3, 1, broken), func(*apiv1.PersonalDataPart) error {
		t.Error("sent a part of a section that cannot be read")
		return nil
	}); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := personaldata.Send(warnings, records(3, 1, nil), func(*apiv1.PersonalDataPart) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestErased(t *testing.T) {
	if got := warnings.Erased("profile", 3, 0, "books"); got.Reason != "" || got.Erased != 3 || got.Service != "profile" {
		t.Error(got)
	}
	if got := warnings.Erased("profile", 0, 2, "books"); got.Reason != "books" || got.Pseudonymised != 2 {
		t.Error(got)
	}
}
