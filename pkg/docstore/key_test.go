package docstore_test

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// text draws strings in which every kind of byte is likely.
var text = rapid.Map(
	rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]byte("ab!%}~-. \x00\x7f\xff")), rapid.Byte()), 0, 6),
	func(b []byte) string { return string(b) })

func visible(t *rapid.T, s string) {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			t.Fatalf("%q holds byte %#x", s, s[i])
		}
	}
}

func TestID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(text, 1, 4).Draw(t, "parts")
		id := docstore.ID(parts...)
		visible(t, id)
		if got := docstore.ParseID(id); !slices.Equal(got, parts) {
			t.Fatalf("%q became %q, which parses to %q", parts, id, got)
		}
	})
	for want, parts := range map[string][]string{
		"a": {"a"}, "a!1": {"a", "1"}, "%21!%25": {"!", "%"}, "%E5%AE%A2": {"客"}, "a!": {"a", ""}, "a-b.c~": {"a-b.c~"},
	} {
		if got := docstore.ID(parts...); got != want {
			t.Errorf("ID of %q is %q, want %q", parts, got, want)
		}
	}
	if got := docstore.ParseID("50%!%4!%zz"); !slices.Equal(got, []string{"50%", "%4", "%zz"}) {
		t.Errorf("what is no escape was read as %q", got)
	}
}

// What continues an id lies between it and every other id.
func TestWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, child := text.Draw(t, "a"), text.Draw(t, "b"), text.Draw(t, "child")
		r := docstore.Within(docstore.ID(a))
		in := func(id string) bool { return id >= r.From && id < r.To }
		if !in(docstore.ID(a, child)) || in(docstore.ID(a)) {
			t.Fatalf("%+v does not hold what is within %q", r, a)
		}
		if a != b && (in(docstore.ID(b, child)) || in(docstore.ID(b))) {
			t.Fatalf("%+v of %q holds what belongs to %q", r, a, b)
		}
	})
}

// typed is a value of some type with its place among others of that type.
type typed struct {
	part    docstore.KeyPart
	compare func(typed) int
	value   any
}

func of[V any](value V, part docstore.KeyPart, compare func(a, b V) int) typed {
	return typed{part, func(other typed) int { return compare(value, other.value.(V)) }, value}
}

func draw(t *rapid.T, kind int, label string) typed {
	switch kind {
	case 0:
		s := text.Draw(t, label)
		return of(s, docstore.String(s), strings.Compare)
	case 1:
		n := rapid.Int64().Draw(t, label)
		return of(n, docstore.Int(n), cmp.Compare)
	case 2:
		at := time.UnixMilli(rapid.Int64Range(-1e14, 1e14).Draw(t, label))
		return of(at, docstore.Time(at), time.Time.Compare)
	}
	x := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1)})).Draw(t, label)
	return of(x, docstore.Float(x), cmp.Compare)
}

func (v typed) reversed() typed {
	return typed{docstore.Desc(v.part), func(other typed) int { return -v.compare(other) }, v.value}
}

// Keys of the same shape order as their values do, part by part.
func TestKeyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := 0
		var a, b []docstore.KeyPart
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			kind := rapid.IntRange(0, 3).Draw(t, "kind")
			x, y := draw(t, kind, "x"), draw(t, kind, "y")
			for range rapid.IntRange(0, 3).Draw(t, "reversals") {
				x, y = x.reversed(), y.reversed()
			}
			a, b = append(a, x.part), append(b, y.part)
			want = cmp.Or(want, x.compare(y))
		}
		left, right := docstore.Key(a...), docstore.Key(b...)
		visible(t, left)
		if got := strings.Compare(left, right); got != want {
			t.Fatalf("%q and %q compare as %d, want %d", left, right, got, want)
		}
	})
	if last := docstore.Key(docstore.Float(math.NaN())); last <= docstore.Key(docstore.Float(math.Inf(1))) {
		t.Errorf("NaN is not last: %s", last)
	}
}

func TestParseTime(t *testing.T) {
	at := time.Date(2026, 2, 28, 23, 59, 59, 987e6, time.UTC)
	got, err := docstore.ParseTime(docstore.Key(docstore.Time(at), docstore.String("x")))
	if err != nil || !got.Equal(at) {
		t.Errorf("%v, %v; want %v", got, err, at)
	}
	for _, key := range []string{"", "8000", "800000000000000g!x"} {
		if _, err := docstore.ParseTime(key); err == nil {
			t.Errorf("%q was taken for a time", key)
		}
	}
}

func TestPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ascii := rapid.StringMatching(`[!-~]{0,4}`)
		p, s := ascii.Draw(t, "prefix"), ascii.Draw(t, "s")
		if rapid.Bool().Draw(t, "inside") {
			s = p + s
		}
		r := docstore.Prefix(p)
		in := s >= r.From && (r.To == "" || s < r.To)
		if in != strings.HasPrefix(s, p) {
			t.Fatalf("%q in %+v: %v", s, r, in)
		}
	})
}
