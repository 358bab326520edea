package domain

import (
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"
)

// What a change has written counts at once, also while another change of the same
// segment is under way, which may come to nothing.
func TestWhatIsSettledCounts(t *testing.T) {
	g := Graph{}
	for _, c := range []Claim{
		{Token: "1", Segment: "a", Asks: []string{"b"}},
		{Token: "2", Segment: "a", Asks: []string{"c"}},
	} {
		if f := g.Claim(c); f != nil {
			t.Fatal(f)
		}
	}
	g.Settle("1", "a", []string{"b"})
	if f := g.Claim(Claim{Token: "3", Segment: "b", Asks: []string{"a"}}); f == nil || f.Reason != "SEGMENT_CYCLE" || f.Kind != fault.InvalidArgument {
		t.Errorf("b may ask about a: %v", f)
	}
	if f := g.Claim(Claim{Token: "4", Segment: "c", Asks: []string{"a"}}); f == nil || f.Reason != "SEGMENT_CYCLE" {
		t.Errorf("c may ask about a, which is about to ask about c: %v", f)
	}
	g.Settle("2", "a", []string{"b"}) // it was refused
	if f := g.Claim(Claim{Token: "5", Segment: "c", Asks: []string{"a"}}); f != nil {
		t.Error(f)
	}
	g.Settle("6", "a", nil)
	if g.Knows("a") {
		t.Error("a asks about nobody any more")
	}
}
