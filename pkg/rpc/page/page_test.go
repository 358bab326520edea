package page_test

import (
	"encoding/base64"
	"math"
	"strings"
	"testing"

	longrunning "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

func anyToken(t *rapid.T) page.Token {
	return page.Token{
		Position: docstore.Position{
			Key: rapid.String().Draw(t, "key"),
			ID:  rapid.StringN(1, -1, -1).Draw(t, "id"),
		},
		Generation: rapid.Uint64().Draw(t, "generation"),
	}
}

func TestTokenComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyToken(t)
		request := &longrunning.ListOperationsRequest{
			Name:     rapid.String().Draw(t, "name"),
			Filter:   rapid.String().Draw(t, "filter"),
			PageSize: rapid.Int32().Draw(t, "size"),
		}
		text, err := want.Encode(request)
		if err != nil {
			t.Fatal(err)
		}
		request.PageToken = text
		request.PageSize = rapid.Int32Range(0, math.MaxInt32).Draw(t, "another size")
		got, _, err := page.Of(request)
		if err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func refused(t interface{ Fatalf(string, ...any) }, token string, request *longrunning.ListOperationsRequest) {
	_, err := page.Decode(token, request)
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.InvalidArgument || f.Reason != "PAGE_TOKEN_INVALID" || f.Violations[0].Field != "page_token" {
		t.Fatalf("token %q: %v", token, err)
	}
}

func TestTokenOfAnotherRequestIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, err := anyToken(t).Encode(&longrunning.ListOperationsRequest{Name: "a", Filter: "b"})
		if err != nil {
			t.Fatal(err)
		}
		refused(t, text, &longrunning.ListOperationsRequest{Name: "a", Filter: "c"})
		refused(t, text, &longrunning.ListOperationsRequest{Name: "ab"})
		refused(t, text, &longrunning.ListOperationsRequest{Name: "b", Filter: "a"})
	})
}

func TestChangedTokenIsRefused(t *testing.T) {
	request := &longrunning.ListOperationsRequest{Name: "a"}
	rapid.Check(t, func(t *rapid.T) {
		text, err := anyToken(t).Encode(request)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		refused(t, base64.RawURLEncoding.EncodeToString(raw), request)
		refused(t, text[:rapid.IntRange(1, len(text)-1).Draw(t, "cut")], request)
	})
}

func TestForgedTokenIsRefused(t *testing.T) {
	request := &longrunning.ListOperationsRequest{}
	for _, token := range []string{"x", "AQ", "!!", strings.Repeat("A", 1<<20), "\x00\xff", "AQEAAAAAAAAAAAAAAAAAAAAAAAA"} {
		refused(t, token, request)
	}
}

func TestSize(t *testing.T) {
	for asked, want := range map[int32]int{0: 50, 1: 1, 1000: 1000, 1001: 1000, math.MaxInt32: 1000} {
		if got, err := page.Size(asked); err != nil || got != want {
			t.Errorf("%d gives %d, %v, want %d", asked, got, err, want)
		}
	}
	for _, asked := range []int32{-1, math.MinInt32} {
		f, ok := fault.As(func() error { _, err := page.Size(asked); return err }())
		if !ok || f.Violations[0].Field != "page_size" {
			t.Errorf("%d: %v", asked, f)
		}
	}
}

func TestEncodingKeepsTheRequest(t *testing.T) {
	request := &longrunning.ListOperationsRequest{PageSize: 7, PageToken: "before"}
	if _, err := (page.Token{}).Encode(request); err != nil {
		t.Fatal(err)
	}
	if request.PageSize != 7 || request.PageToken != "before" {
		t.Error("the request was changed")
	}
}
