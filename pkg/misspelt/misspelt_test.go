package misspelt_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/misspelt"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"customer_id", "custmer_id", 1}, {"flaw", "lawn", 2}} {
		if got := misspelt.Distance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q are %d apart, want %d", c.a, c.b, got, c.want)
		}
	}
}

// It is a distance: nothing between equals, the same both ways, and no shorter by a
// way around.
func TestDistanceIsAMetric(t *testing.T) {
	word := rapid.StringMatching(`[abc_]{0,8}`)
	rapid.Check(t, func(rt *rapid.T) {
		a, b, c := word.Draw(rt, "a"), word.Draw(rt, "b"), word.Draw(rt, "c")
		ab := misspelt.Distance(a, b)
		if (ab == 0) != (a == b) || ab != misspelt.Distance(b, a) || ab > misspelt.Distance(a, c)+misspelt.Distance(c, b) {
			rt.Fatalf("%q and %q are %d apart", a, b, ab)
		}
	})
}
