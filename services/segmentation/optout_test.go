package segmentation_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
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

// Once somebody has objected, it is told that they were in a segment, and not any more by
// which of the values that describe them.
func TestWhatDescribedWhoObjectsIsLost(t *testing.T) {
	onBothEngines(t, func(w *world) {
		for _, id := range []string{"a", "b"} {
			w.shop.customer(id, &profilev1.Customer{Region: "广东"})
		}
		w.create("south", `customer.region == "广东" && orders.count == 0`)
		w.publish("south")
		entered := timestamppb.New(w.clock.Now())
		region := func(id string) (told bool, region string) {
			e, err := w.explain("south", id, entered)
			if err != nil {
				w.Fatal(err)
			}
			at := slices.IndexFunc(e.GetDecidedBy().GetValues(), func(v *segmentationv1.FactValue) bool { return v.GetFact() == "customer.region" })
			if at < 0 || !e.GetMember() || len(e.GetDecidedBy().GetValues()) != 2 {
				w.Fatalf("%s: %v", id, e)
			}
			return e.GetRecorded(), e.GetDecidedBy().GetValues()[at].GetValue()
		}
		if told, was := region("b"); !told || was != "广东" {
			w.Fatalf("b is told of: %t, %q", told, was)
		}
		w.shop.object("b")
		for range 3 { // keys are destroyed behind a round, and not with every one
			w.clock.advance(2 * time.Minute)
			w.recompute()
		}
		if told, was := region("b"); told || was != "" {
			w.Errorf("b is told of: %t, %q", told, was)
		}
		if told, was := region("a"); !told || was != "广东" {
			w.Errorf("a is told of: %t, %q", told, was)
		}
	})
}
