package app_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

const pseudonym = "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KD"

// ended notes which operations are over.
type ended map[string]bool

func (e ended) over(_ context.Context, operation string) (bool, error) { return e[operation], nil }

// run runs a job to its end.
func (e ended) run(t fataler, w *world, job app.Job, j *journal) {
	t.Helper()
	_, err := w.Recompute(context.Background(), job, app.State{}, j)
	must(t, err)
	e[job.Operation] = true
}

func (e ended) erase(w *world, ids ...string) (map[string]int64, error) {
	return w.Erase(context.Background(), ids, pseudonym, e.over)
}

// eraseAll calls until nothing holds the erasure up any more; every operation is
// over.
func (e ended) eraseAll(t fataler, w *world, ids ...string) map[string]int64 {
	t.Helper()
	erased, err := e.erase(w, ids...)
	for range 3 {
		if err != nil {
			wantReason(t, err, fault.Unavailable, "ERASURE_HELD_UP")
			erased, err = e.erase(w, ids...)
		}
	}
	must(t, err)
	return erased
}

// held counts the rows that are stored of some customers.
func (w *world) held(t fataler, ids ...string) (members, moves int) {
	t.Helper()
	for _, err := range w.MembershipsOf(context.Background(), ids) {
		must(t, err)
		members++
	}
	for _, err := range w.TransitionsOf(context.Background(), ids) {
		must(t, err)
		moves++
	}
	return members, moves
}

func wantNone(t fataler, w *world, ids ...string) {
	t.Helper()
	if members, moves := w.held(t, ids...); members+moves > 0 {
		t.Fatalf("of %q there are still %d memberships and %d transitions", ids, members, moves)
	}
}

func TestPersonIsShownAndErased(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w, ops := newWorld(t, e, newBase(), newClock()), ended{}
		w.base.fill(12)
		w.create(t, "many", ruled(`orders.count > 5`))
		w.create(t, "all", ruled(`true`))
		ops.run(t, w, w.job(true, "many", "all"), &journal{})
		first, err := w.Members(context.Background(), "many", page.Token{}, 2)
		must(t, err)
		w.base.set("c03", facts.Facts{Valued: true, Orders: facts.Orders{Count: 30}})
		ops.run(t, w, w.job(false), &journal{})
		if members, moves := w.held(t, "c03", "c08", "old", "c0"); members != 2+1+4 || moves != 2+2 {
			t.Fatalf("there are %d memberships and %d transitions", members, moves)
		}
		w.base.remove("c03")
		w.base.remove("c08")
		for range 2 {
			erased := ops.eraseAll(t, w, "c03", "c08", "old", "c0")
			if erased[app.InSegments.ID] != 7 || erased[app.Moved.ID] != 4 {
				t.Fatalf("erased %v", erased)
			}
		}
		wantNone(t, w, "c03", "c08", "old", "c0")
		checkSegment(t, w, "many", []string{"c06", "c07", "c09", "c10", "c11"})
		checkSegment(t, w, "all", []string{"c00", "c01", "c02", "c04", "c05", "c06", "c07", "c09", "c10", "c11"})
		rest, err := w.Members(context.Background(), "many", page.Token{Position: *first.Next, Generation: uint64(first.Generation)}, 100)
		must(t, err)
		if got := customersOf(rest.Members); !slices.Equal(got, []string{"c09", "c10", "c11"}) || rest.Total != 5 {
			t.Errorf("the pages of the first pass go on with %q of %d", got, rest.Total)
		}
		ops.run(t, w, w.job(false), &journal{})
		wantNone(t, w, "c03", "c08")
		checkSegment(t, w, "many", []string{"c06", "c07", "c09", "c10", "c11"})
	})
}

// A pass that has read the person holds the erasure up; so does one that compares
// with a pass the person was in.
func TestPassesHoldErasuresUp(t *testing.T) {
	for checkpoint := 1; checkpoint <= 6; checkpoint++ {
		e := memory(t)
		w, ops := newWorld(t, e, newBase(), newClock()), ended{}
		w.base.fill(12)
		w.create(t, "all", ruled(`true`))
		ops.run(t, w, w.job(true, "all"), &journal{})
		ops.run(t, w, w.job(false), &journal{fail: func(n int) error {
			if n == checkpoint {
				w.base.remove("c05")
				for range 2 {
					_, err := ops.erase(w, "c05")
					wantReason(t, err, fault.Unavailable, "ERASURE_HELD_UP")
				}
				if members := w.members(t, "all"); slices.Contains(customersOf(members), "c05") {
					t.Errorf("before checkpoint %d c05 is still listed", checkpoint)
				}
			}
			return nil
		}})
		ops.eraseAll(t, w, "c05")
		wantNone(t, w, "c05")
		ops.run(t, w, w.job(false), &journal{})
		wantNone(t, w, "c05")
		if members := w.members(t, "all"); len(members) != 11 {
			t.Errorf("%d are left", len(members))
		}
		closeEngine(t, e)
	}
}

// However passes and calls meet, nothing of the person is left in the end, comes
// back later, or was ever counted without being listed.
func TestErasureAmongPasses(t *testing.T) {
	onEveryEngine(t, func(t *rapid.T, e docstore.Engine) {
		w, ops := newWorld(t, e, newBase(), newClock()), ended{}
		segments := []string{"s", "t"}
		shift(t, w.base)
		shift(t, w.base)
		for _, id := range segments {
			w.create(t, id, rapid.SampledFrom(definitions).Draw(t, "definition").Definition)
		}
		ops.run(t, w, w.job(true, segments...), &journal{})
		shift(t, w.base)
		ops.run(t, w, w.job(false), &journal{})
		person := rapid.SampledFrom(ids).Draw(t, "person")
		meet := func() {
			for range rapid.IntRange(1, 4).Draw(t, "acts") {
				switch rapid.SampledFrom([]string{"erase", "form", "list"}).Draw(t, "act") {
				case "erase":
					if _, err := ops.erase(w, person); err != nil {
						wantReason(t, err, fault.Unavailable, "ERASURE_HELD_UP")
					}
				case "form":
					ops.run(t, w, w.job(false), &journal{})
				case "list":
					for _, id := range segments {
						w.members(t, id)
					}
				}
			}
		}
		at := rapid.IntRange(1, 10).Draw(t, "checkpoint")
		ops.run(t, w, w.job(false), &journal{fail: func(n int) error {
			if n == at {
				w.base.remove(person) // profile goes first
				meet()
			}
			return nil
		}})
		w.base.remove(person)
		meet()
		ops.eraseAll(t, w, person)
		wantNone(t, w, person)
		ops.run(t, w, w.job(false), &journal{})
		wantNone(t, w, person)
		for _, id := range segments {
			w.members(t, id)
			replay(t, w.transitions(t, id))
		}
		w.checkSwept(t, e, segments)
	})
}

// Wherever the process dies, lists agree with their counts, and calling again ends
// the erasure and counts right.
func TestErasureGoesOn(t *testing.T) {
	t.Run("pebble", func(t *testing.T) {
		testErasureGoesOn(t, 1, func() (docstore.Engine, func()) {
			e := memory(t)
			return e, func() { closeEngine(t, e) }
		})
	})
	t.Run("mongo", func(t *testing.T) {
		testErasureGoesOn(t, 8, func() (docstore.Engine, func()) { return mongotest.Open(t), func() {} })
	})
}

func testErasureGoesOn(t *testing.T, step int, open func() (docstore.Engine, func())) {
	survived := false
	for death := 1; !survived && death < 1000; death += step {
		e, done := open()
		w, ops := newWorld(t, e, newBase(), newClock()), ended{}
		w.base.fill(9)
		w.create(t, "some", ruled(`orders.count > 2`))
		w.create(t, "all", ruled(`true`))
		for range 2 {
			ops.run(t, w, w.job(true, "some", "all"), &journal{})
		}
		members, moves := w.held(t, "c04", "c07")
		w.base.remove("c04")
		w.base.remove("c07")
		if members != 8 || moves != 4 {
			t.Fatalf("there are %d memberships and %d transitions", members, moves)
		}
		wire := &wire{Engine: e, perform: death%2 == 0}
		dying := newWorld(t, wire, w.base, w.clock)
		wire.dieAt = wire.calls + death
		_, err := ops.erase(dying, "c04", "c07")
		if survived = err == nil; !survived && !errors.Is(err, errGone) {
			t.Fatal(err)
		}
		w.members(t, "some") // which compares with their count
		w.members(t, "all")
		erased, err := ops.erase(w, "c04", "c07")
		must(t, err)
		if erased[app.InSegments.ID] != 8 || erased[app.Moved.ID] != 4 {
			t.Fatalf("death %d: erased %v", death, erased)
		}
		wantNone(t, w, "c04", "c07")
		checkSegment(t, w, "some", []string{"c03", "c05", "c06", "c08"})
		for _, id := range []string{"some", "all"} {
			if s := w.segment(t, id); len(s.Formed.Hidden) > 0 {
				t.Fatalf("death %d: %s still hides %q", death, id, s.Formed.Hidden)
			}
		}
		done()
	}
	if !survived {
		t.Error("the erasure never came to its end")
	}
}

// The failure of a segment does not name who was erased.
func TestFailureForgets(t *testing.T) {
	e := memory(t)
	defer closeEngine(t, e)
	w, ops := newWorld(t, e, newBase(), newClock()), ended{}
	w.base.fill(3)
	w.create(t, "s", ruled(`10 / orders.count > 1`))
	w.create(t, "other", ruled(`true`))
	_, err := w.Recompute(context.Background(), w.job(true, "s", "other"), app.State{}, &journal{})
	must(t, err)
	failure := w.segment(t, "s").Failure
	if failure == nil || !strings.HasSuffix(failure.Message, `(of customer "c00")`) {
		t.Fatalf("the failure is %v", failure)
	}
	ops["operations/segmentation/op1"] = true
	ops.eraseAll(t, w, "c01")
	if now := w.segment(t, "s").Failure; *now != *failure {
		t.Errorf("the failure became %v", now)
	}
	_, err = w.Erase(context.Background(), []string{"c00"}, "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KE", ops.over)
	must(t, err)
	if now := w.segment(t, "s").Failure; strings.Contains(now.Message, "c00") || now.Reason != failure.Reason || !strings.HasPrefix(failure.Message, now.Message) {
		t.Errorf("the failure became %v", now)
	}
}
