package standing_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// A pass that broke off and whose segment has been paused or redefined since has asked
// a part of the customers alone: of that nothing is shown.
func TestHalfAPassIsNotShown(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(*world){
		"paused":    func(w *world) { w.change(t, "s", func(s *domain.Segment) { s.State, s.Wanted = domain.Paused, false }) },
		"unusable":  func(w *world) { w.redefine(t, "s", "someday 1") },
		"redefined": func(w *world) { w.redefine(t, "s", "count 9") },
	} {
		t.Run(name, func(t *testing.T) { testHalfAPass(t, name, meanwhile) })
	}
}

func testHalfAPass(t *testing.T, name string, meanwhile func(*world)) {
	survived := false
	for death := 1; !survived && death < 1000; death++ {
		e := memory(t)
		w := newWorld(t, e, newClock())
		w.define(t, "s", "count 5")
		w.fill(t, 2, 3, 2, 3, 2, 6, 7)
		w.round(t)
		before := w.view(t, "s")["s"]
		w.redefine(t, "s", "count 2")
		survived = !w.stormyRound(t, death, death%2 == 0)
		meanwhile(w)
		w.clock.advance(time.Minute)
		for again := 1; again < 1000; again += 3 { // whatever it shows on its way
			w = newWorld(t, e, w.clock)
			died := name == "redefined" && w.stormyRound(t, again, again%2 == 0)
			w.clock.advance(time.Minute)
			if !died {
				w.round(t)
			}
			got := w.view(t, "s")["s"]
			whole := [][]string{before, {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "7"}}
			if name == "redefined" {
				whole = append(whole, []string{"0"})
			}
			if !reflect.DeepEqual(got, whole[0]) && !reflect.DeepEqual(got, whole[1]) && (len(whole) == 2 || !reflect.DeepEqual(got, whole[2])) {
				t.Fatalf("death %d: it shows %v, whole are %v", death, got, whole)
			}
			if !died {
				break
			}
		}
		// And it goes on where it can be used again.
		w.change(t, "s", func(s *domain.Segment) { s.State, s.Wanted = domain.Published, true })
		w.redefine(t, "s", "count 6")
		w.round(t)
		w.wantMembers(t, "s", "c5", "c6")
		if n := len(w.feed(t)); n < 2 {
			t.Fatalf("death %d: the feed tells %d moves", death, n)
		}
		in := map[string]bool{}
		for _, m := range w.feed(t) {
			if in[m.Customer] != m.Left {
				t.Fatalf("death %d: the feed tells that %s moves (left: %v), it was in: %v", death, m.Customer, m.Left, in[m.Customer])
			}
			in[m.Customer] = !m.Left
		}
		must(t, e.Close())
	}
	if !survived {
		t.Error("no round came to its end")
	}
}
