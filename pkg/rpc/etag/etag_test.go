package etag_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

func TestOnlyTheSameVersionPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(1, 20).Draw(t, "read")
		b := rapid.Int64Range(1, 20).Draw(t, "found")
		err := etag.Check(etag.Of(a), b)
		if a == b && err != nil {
			t.Fatalf("version %d refused: %v", a, err)
		}
		if a != b && (fault.KindOf(err) != fault.Aborted || fault.ReasonOf(err) != "ETAG_MISMATCH") {
			t.Fatalf("version %d taken for %d: %v", a, b, err)
		}
	})
}

func TestNoCheckIsAskedFor(t *testing.T) {
	for _, given := range []string{"", "*"} {
		if err := etag.Check(given, 3); err != nil {
			t.Errorf("%q: %v", given, err)
		}
	}
}

func TestForeignEtagNamesTheField(t *testing.T) {
	for _, given := range []string{"3", `"`, `""`, `"x"`, `W/"3"`, `"+3"`, `"03"`, `"3`, `"99999999999999999999"`, "\x00"} {
		f, ok := fault.As(etag.Check(given, 3))
		if !ok || f.Kind != fault.InvalidArgument || f.Violations[0].Field != "etag" {
			t.Errorf("%q: %v", given, f)
		}
	}
}
