package standing_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// labels are segments into which a scheme divides everybody.
var labels = []string{"s-few", "s-some", "s-many"}

// turn tells labels what they become with a run; "count 1000" is one that the run does
// not have.
func (w *world) turn(t fataler, run string, rules map[string]string) {
	t.Helper()
	for label, rule := range rules {
		w.change(t, label, func(s *domain.Segment) {
			s.Turn = &domain.Turn{Run: run, Definition: domain.Definition{Rule: rule, Partition: &domain.Partition{
				Run: run, Label: label[2:], Gone: rule == "count 1000",
			}}}
		})
	}
}

// divide checks that everybody is in one label, by the lists and by where each stands,
// and returns who is in "s-few".
func (w *world) divide(t fataler) []string {
	t.Helper()
	everybody := []string{"c0", "c1", "c2", "c3", "c4", "c5", "c6"}
	var listed []string
	for _, id := range labels {
		if w.segment(t, id).State == domain.Published {
			listed = append(listed, ids(w.members(t, id))...)
		}
	}
	slices.Sort(listed)
	if !slices.Equal(listed, everybody) {
		t.Fatalf("in the lists are %q", listed)
	}
	of, err := w.SegmentsOf(context.Background(), everybody)
	must(t, err)
	for i, in := range of {
		if len(in) != 1 {
			t.Fatalf("%s is in %q", everybody[i], in)
		}
	}
	return ids(w.members(t, "s-few"))
}

// Wherever a round breaks off in which customers go over from one label of a scheme to
// another, or all labels change to another run: everybody is in one of them.
func TestLabelsChangeTogether(t *testing.T) {
	t.Run("pebble", func(t *testing.T) {
		testChangeTogether(t, 1, func() (docstore.Engine, func()) {
			e := memory(t)
			return e, func() { must(t, e.Close()) }
		})
	})
	t.Run("mongo", func(t *testing.T) {
		testChangeTogether(t, 7, func() (docstore.Engine, func()) { return mongotest.Open(t), func() {} })
	})
}

func testChangeTogether(t *testing.T, step int, open func() (docstore.Engine, func())) {
	for death, survived := 1, false; !survived; death += step {
		e, done := open()
		serves := ""
		world := func() *world {
			w := newWorld(t, e, newClock())
			w.store.Segments.ServedBy(func(_ context.Context, run string) (bool, error) { return run == serves, nil })
			return w
		}
		w := world()
		w.create(t, "s-few", "count 1000", domain.Published)
		for _, id := range labels[1:] {
			w.create(t, id, "count 1000", domain.Draft)
			w.change(t, id, func(s *domain.Segment) { s.Wanted = false })
		}
		w.fill(t, 1, 2, 3, 4, 5, 6, 7)
		const first, second = "schemes/s/runs/1", "schemes/s/runs/2"
		w.turn(t, first, map[string]string{"s-few": "below 3", "s-some": "count 3"})
		serves = first
		w.round(t)
		if few := w.divide(t); !slices.Equal(few, []string{"c0", "c1"}) {
			t.Fatalf("few are %q", few)
		}
		// Some go over, and another run is about to serve, in which "some" is gone.
		w.put(t, "c1", 3, 1)
		w.put(t, "c2", 2, 1)
		w.turn(t, second, map[string]string{"s-few": "below 5", "s-many": "count 5", "s-some": "count 1000"})
		w.divide(t)
		if death%2 == 0 {
			serves = second
			w.divide(t) // it is not formed yet
		}
		survived = !w.stormyRound(t, death, death%3 == 0)
		w.divide(t)
		serves = second
		w.divide(t)
		w = world()
		w.clock.advance(time.Hour)
		w.stormyRound(t, death, death%3 != 0)
		w.divide(t)
		w = world()
		w.clock.advance(2 * time.Hour)
		w.round(t)
		if few := w.divide(t); !slices.Equal(few, []string{"c0", "c1", "c2", "c3"}) {
			t.Fatalf("death %d: few are %q", death, few)
		}
		w.wantMembers(t, "s-some")
		if s := w.segment(t, "s-few"); s.Revision != 3 || s.Definition.Partition.Run != second {
			t.Fatalf("few is %+v", s)
		}
		done()
	}
}
