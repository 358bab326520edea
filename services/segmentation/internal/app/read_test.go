package app_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// While passes go on, every list that is read has as many members as its total
// says, and every one of them at every page.
func TestCountsEqualListsWhilePassesGoOn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w := newWorld(t, e, newBase(), newClock())
		w.base.fill(30)
		w.create(t, "s", ruled(`orders.count > 5`))
		w.form(t, true, "s")
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 12 {
				w.base.set(fmt.Sprintf("c%02d", i), facts.Facts{Valued: true, Orders: facts.Orders{Count: int64(i * i % 11)}})
				w.form(t, false)
			}
		}()
		for lists := 0; ; lists++ {
			w.members(t, "s")
			select {
			case <-done:
				checkSegment(t, w, "s", customersOf(w.members(t, "s")))
				if lists < 3 {
					t.Errorf("only %d lists were read meanwhile", lists)
				}
				return
			default:
			}
		}
	})
}

// A list goes on with the pass it began with, for a day.
func TestTokensHoldOnToTheirPass(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		ctx := context.Background()
		w := newWorld(t, e, newBase(), newClock())
		w.base.fill(10)
		w.create(t, "s", ruled(`orders.count > 5`))
		w.form(t, true, "s")
		first, err := w.Members(ctx, "s", page.Token{}, 3)
		must(t, err)
		token := page.Token{Position: *first.Next, Generation: uint64(first.Generation)}
		for i := range 10 {
			w.base.remove(fmt.Sprintf("c%02d", i))
		}
		w.form(t, false)
		if p, err := w.store.Passes.Get(ctx, "s", first.Generation); err != nil || p.SupersededAt.IsZero() {
			t.Errorf("the pass before is %+v, %v", p, err)
		}
		over := func(context.Context, string) (bool, error) { return true, nil }
		for _, wait := range []time.Duration{0, 23 * time.Hour} {
			w.clock.advance(wait)
			must(t, w.Sweep(ctx, over))
			rest, err := w.Members(ctx, "s", token, 3)
			must(t, err)
			if rest.Total != 4 || len(rest.Members) != 1 || rest.Members[0].Customer != "c09" || rest.Next != nil {
				t.Errorf("after %s the second page is %+v", wait, rest)
			}
		}
		w.clock.advance(time.Hour)
		_, err = w.Members(ctx, "s", token, 3)
		wantReason(t, err, fault.InvalidArgument, "PAGE_TOKEN_EXPIRED")
		w.checkSwept(t, e, []string{"s"})
		_, err = w.Members(ctx, "s", token, 3)
		wantReason(t, err, fault.InvalidArgument, "PAGE_TOKEN_EXPIRED")
	})
}

// Transitions of passes that were never published are not seen, even before they
// are removed.
func TestUnpublishedTransitionsAreNotSeen(t *testing.T) {
	w, e := onPebble(t)
	w.base.fill(12)
	w.create(t, "s", ruled(`orders.count > 5`))
	w.form(t, true, "s")
	w.base.fill(3)
	down := fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "profile is unavailable")
	w.base.set("a", facts.Facts{Valued: true, Orders: facts.Orders{Count: 9}})
	w.base.setBefore(func(n int) error {
		if n == 11 {
			return down
		}
		return nil
	})
	_, err := w.Recompute(context.Background(), w.job(false), stateless, &journal{})
	wantReason(t, err, fault.Unavailable, "PEER_UNAVAILABLE")
	w.base.setBefore(nil)
	w.base.remove("a")
	w.base.remove("c09")
	w.form(t, false)
	if n := rows(t, e, "transitions"); n != 8 {
		t.Errorf("%d transitions are stored, want 6 entered, 1 of the pass that failed, 1 left", n)
	}
	checkSegment(t, w, "s", []string{"c06", "c07", "c08", "c10", "c11"})
	w.checkSwept(t, e, []string{"s"})
}

// A segment that is deleted takes all its rows with it, at the latest when it is
// swept, and none of them comes back with a new one of the same id.
func TestDeletedSegmentsLeaveNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		ctx := context.Background()
		w := newWorld(t, e, newBase(), newClock())
		w.base.fill(10)
		w.create(t, "s", ruled(`orders.count > 5`))
		w.create(t, "s-2", ruled(`orders.count > 6`))
		w.form(t, true, "s", "s-2")
		first, err := w.Members(ctx, "s", page.Token{}, 3)
		must(t, err)
		_, moves, err := w.Transitions(ctx, "s", nil, 2)
		must(t, err)
		unchecked := func(*domain.Segment) error { return nil }
		must(t, w.Delete(ctx, "s", unchecked))
		wantReason(t, w.Delete(ctx, "s", unchecked), fault.NotFound, "SEGMENT_NOT_FOUND")
		_, err = w.Members(ctx, "s", page.Token{}, 3)
		wantReason(t, err, fault.NotFound, "SEGMENT_NOT_FOUND")

		w.create(t, "s", ruled(`orders.count > 8`))
		checkSegment(t, w, "s", nil)
		w.form(t, true, "s")
		checkSegment(t, w, "s", []string{"c09"})
		_, err = w.Members(ctx, "s", page.Token{Position: *first.Next, Generation: uint64(first.Generation)}, 3)
		wantReason(t, err, fault.InvalidArgument, "PAGE_TOKEN_EXPIRED")
		if rest, _, err := w.Transitions(ctx, "s", moves, 2); err != nil || len(rest) > 0 {
			t.Errorf("transitions of the segment before: %v, %v", rest, err)
		}
		w.checkSwept(t, e, []string{"s", "s-2"})
		if n := rows(t, e, "deletions"); n != 0 {
			t.Errorf("%d deletions are still noted", n)
		}
		must(t, w.Delete(ctx, "s", unchecked))
		must(t, w.Delete(ctx, "s-2", unchecked))
		w.checkSwept(t, e, nil)
		if n := rows(t, e, "passes"); n != 0 {
			t.Errorf("%d passes are left", n)
		}
	})
}

// A segment deleted in the midst of a pass over it is left out, also where it is
// created anew, and what the pass has written goes.
func TestSegmentDeletedDuringAPass(t *testing.T) {
	w, e := onPebble(t)
	ctx := context.Background()
	w.base.fill(12)
	w.create(t, "s", ruled(`orders.count > 5`))
	w.create(t, "t", ruled(`orders.count > 6`))
	result, err := w.Recompute(ctx, w.job(true, "s", "t"), stateless, interrupt(func() {
		must(t, w.Delete(ctx, "s", func(*domain.Segment) error { return nil }))
		w.create(t, "s", ruled(`orders.count > 7`))
		// Rows of a pass under way stay until it is over.
		must(t, w.Sweep(ctx, func(context.Context, string) (bool, error) { return false, nil }))
	}))
	must(t, err)
	if len(result.Segments) != 1 || result.Segments[0].ID != "t" {
		t.Errorf("got %+v", result.Segments)
	}
	checkSegment(t, w, "s", nil)
	checkSegment(t, w, "t", []string{"c07", "c08", "c09", "c10", "c11"})
	w.checkSwept(t, e, []string{"s", "t"})
}

// What an operation under way has written is not swept; what one that is over has
// left unpublished is, and cannot be published any more.
func TestSweepKeepsWhatIsUnderWay(t *testing.T) {
	w, e := onPebble(t)
	ctx := context.Background()
	w.base.fill(12)
	w.create(t, "s", ruled(`orders.count > 5`))
	for _, over := range []bool{false, true} {
		result, err := w.Recompute(ctx, w.job(true, "s"), stateless, interrupt(func() {
			must(t, w.Sweep(ctx, func(context.Context, string) (bool, error) { return over, nil }))
		}))
		must(t, err)
		if len(result.Segments) != 1 {
			t.Fatalf("got %+v", result)
		}
		if s := w.segment(t, "s"); (s.Floor > 0) != over {
			t.Errorf("floor is %d", s.Floor)
		}
		checkSegment(t, w, "s", []string{"c06", "c07", "c08", "c09", "c10", "c11"})
	}
	w.checkSwept(t, e, []string{"s"})
}

func TestListsOfWhatIsNotThere(t *testing.T) {
	w, _ := onPebble(t)
	ctx := context.Background()
	_, err := w.Members(ctx, "none", page.Token{}, 1)
	wantReason(t, err, fault.NotFound, "SEGMENT_NOT_FOUND")
	_, _, err = w.Transitions(ctx, "none", nil, 1)
	wantReason(t, err, fault.NotFound, "SEGMENT_NOT_FOUND")
	_, err = w.Membership(ctx, "none", "c")
	wantReason(t, err, fault.NotFound, "SEGMENT_NOT_FOUND")
	w.create(t, "s", ruled("true"))
	_, err = w.Membership(ctx, "s", "c")
	wantReason(t, err, fault.NotFound, "MEMBERSHIP_NOT_FOUND")
	w.form(t, true, "s")
	_, err = w.Membership(ctx, "s", "c")
	wantReason(t, err, fault.NotFound, "MEMBERSHIP_NOT_FOUND")
	of, err := w.SegmentsOf(ctx, []string{"c", "c"})
	must(t, err)
	if !slices.EqualFunc(of, [][]string{nil, nil}, slices.Equal) {
		t.Errorf("got %v", of)
	}
}

// Where a publication broke off before it was marked, the pass counts as published
// all the same, and Sweep or the next pass marks it.
func TestUnmarkedPublication(t *testing.T) {
	w, e := onPebble(t)
	ctx := context.Background()
	w.base.fill(10)
	w.create(t, "s", ruled(`orders.count > 5`))
	w.form(t, true, "s")
	marked := func(generation int64) bool {
		p, err := w.store.Passes.Get(ctx, "s", generation)
		must(t, err)
		return p.Published
	}
	for _, mark := range []func(){
		func() { must(t, w.Sweep(ctx, func(context.Context, string) (bool, error) { return true, nil })) },
		func() { w.base.remove("c08"); w.form(t, false) },
	} {
		generation := w.segment(t, "s").Formed.Generation
		_, err := w.store.Passes.Change(ctx, "s", generation, func(p *domain.Pass) error {
			p.Published = false
			return nil
		})
		must(t, err)
		checkSegment(t, w, "s", []string{"c06", "c07", "c08", "c09"})
		if mark(); !marked(generation) {
			t.Error("the pass is not marked as published")
		}
	}
	checkSegment(t, w, "s", []string{"c06", "c07", "c09"})
	w.checkSwept(t, e, []string{"s"})
}
