package segmentation_test

import (
	"slices"
	"testing"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// Who objects to being put into segments by machine is in none.
func TestWhoObjectsIsInNoSegment(t *testing.T) {
	onBothEngines(t, func(w *world) {
		for _, id := range []string{"a", "b", "c"} {
			w.shop.customer(id, &profilev1.Customer{Region: "广东"})
		}
		w.create("south", `customer.region == "广东"`)
		w.shop.object("b")
		w.publish("south")
		if got := w.memberIDs("south"); !slices.Equal(got, []string{"a", "c"}) {
			t.Errorf("south has %q", got)
		}
		w.shop.object("c")
		w.recompute()
		if got := w.memberIDs("south"); !slices.Equal(got, []string{"a"}) {
			t.Errorf("after one more objection south has %q", got)
		}
	})
}
