package standing_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// shelf is what lists were like while they were shown, by generation.
type shelf map[int64][]string

func (s shelf) note(t fataler, w *world, id string) {
	t.Helper()
	s[w.segment(t, id).Formed.Generation] = ids(w.members(t, id))
}

// without is a list without some customers.
func without(list []string, customers ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(c string) bool { return slices.Contains(customers, c) })
}

// churn makes so many lists of the segments many (count 2) and told (each 2).
func (w *world) churn(t fataler, lists int) (many, told shelf) {
	t.Helper()
	w.define(t, "many", "count 2")
	w.define(t, "told", "each 2")
	w.fill(t, 1, 2, 3, 4, 5, 6)
	many, told = shelf{}, shelf{}
	for i := range lists {
		w.clock.advance(100 * time.Millisecond)
		w.put(t, "c0", 1+int64(i%2)*4, 1)
		w.put(t, "c3", 5-int64(i%3)*2, 1)
		w.round(t)
		many.note(t, w, "many")
		told.note(t, w, "told")
	}
	// Of one it cannot be told: what follows is held, and the list stays.
	w.put(t, "c5", 0, 1)
	w.round(t)
	return many, told
}

func (w *world) wantShelf(t fataler, id string, of shelf, erased ...string) {
	t.Helper()
	for generation, list := range of {
		if got := ids(w.membersAsOf(t, id, generation)); !slices.Equal(got, without(list, erased...)) {
			t.Fatalf("segment %s: of generation %d are listed %q, they were %q, erased are %q", id, generation, got, list, erased)
		}
	}
}

// An erasure writes as much as the person had stays, however many lists there are that
// had the person, and each of them agrees with its count afterwards.
func TestAnErasureCostsNoLists(t *testing.T) {
	t.Parallel()
	writes := func(lists int) int {
		e := memory(t)
		defer func() { must(t, e.Close()) }()
		line := &wire{Engine: e}
		w := newWorld(t, line, newClock())
		many, told := w.churn(t, lists)
		before := line.calls
		for _, c := range []string{"c1", "c2"} {
			w.forget(t, c, facts.Cause{Kind: facts.Deleted})
		}
		must(t, w.worker.AskToErase(t.Context(), []string{"c1", "c2"}, "erased-1"))
		w.round(t)
		written := line.calls - before
		w.wantShelf(t, "many", many, "c1", "c2")
		w.wantShelf(t, "told", told, "c1", "c2")
		w.put(t, "c5", 7, 1) // and what was held is let go
		w.round(t)
		w.wantShelf(t, "told", told, "c1", "c2")
		w.wantMembers(t, "told", without(ids(w.members(t, "told")), "c1", "c2")...)
		return written
	}
	if few, lots := writes(6), writes(120); lots != few {
		t.Errorf("with 6 lists it takes %d writes, with 120 lists %d", few, lots)
	}
}

// Wherever an erasure breaks off, each list agrees with its count, and has everybody
// else.
func TestListsAgreeWhereverAnErasureBreaksOff(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w := newWorld(t, e, newClock())
		many, told := w.churn(t, 6)
		gone := []string{}
		for i, c := range []string{"c2", "c1", "c4"} {
			w.forget(t, c, facts.Cause{Kind: facts.Deleted})
			must(t, w.worker.AskToErase(t.Context(), []string{c, "x" + c}, fmt.Sprint("erased-", i)))
			for death := 1; w.stormyRound(t, death, (death+i)%2 == 0); death++ {
				for id, of := range map[string]shelf{"many": many, "told": told} {
					for generation, list := range of {
						got := ids(w.membersAsOf(t, id, generation)) // agrees with its count
						if before := without(list, gone...); !slices.Equal(got, before) && !slices.Equal(got, without(before, c)) {
							t.Fatalf("death %d: segment %s of generation %d lists %q, before %q, %s is being erased", death, id, generation, got, before, c)
						}
					}
				}
			}
			gone = append(gone, c)
			w.wantShelf(t, "many", many, gone...)
			w.wantShelf(t, "told", told, gone...)
		}
		if s := w.segment(t, "told"); len(s.Formed.Hidden) > 0 {
			t.Errorf("%q are hidden for ever", s.Formed.Hidden)
		}
	})
}

// What is kept of lists does not grow with how often a segment changes, and the past is
// told exactly all the same: of what was held too.
func TestThePastNeedsNoLists(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w, ctx := newWorld(t, e, newClock()), t.Context()
		w.define(t, "s", "each 2")
		w.fill(t, 2, 2, 2, 2)
		type seen struct {
			at   time.Time
			list []string
		}
		var past []seen
		days := 4
		for i := range days * 24 {
			w.put(t, fmt.Sprint("c", i%3), int64(1+i/3%2*8), 1)
			switch i % 31 { // of c3 it cannot be told for some hours
			case 20:
				w.put(t, "c3", 0, 1)
			case 25:
				w.put(t, "c3", int64(2+i%2*5), 1)
			}
			w.round(t)
			past = append(past, seen{w.clock.Now(), ids(w.members(t, "s"))})
			w.clock.advance(time.Hour)
		}
		if n := rows(t, e, "publications"); n > 30 {
			t.Errorf("after %d days %d lists are kept, in a day there are 24", days, n)
		}
		if n := rows(t, e, "releases"); n != 3 {
			t.Errorf("%d releases are kept, there were 3", n)
		}
		for _, p := range past {
			for i := range 4 {
				c := fmt.Sprint("c", i)
				for _, at := range []time.Time{p.at, p.at.Add(59 * time.Minute)} {
					told, err := w.At(ctx, "s", c, at)
					must(t, err)
					if want := slices.Contains(p.list, c); told.Belongs != want || !told.Formed {
						t.Fatalf("at %v it is told of %s: %+v; listed were %q", at, c, told, p.list)
					}
				}
			}
		}
		if told, err := w.At(ctx, "s", "c3", past[0].at.Add(-time.Minute)); err != nil || told.Formed {
			t.Errorf("before it was formed it is told: %+v, %v", told, err)
		}
		w.clock.advance(500 * 24 * time.Hour)
		w.put(t, "c0", 2, 1)
		w.put(t, "c1", 9, 1)
		w.round(t)
		if n := rows(t, e, "publications") + rows(t, e, "releases"); n > 2 {
			t.Errorf("after 500 days %d lists and releases are kept", n)
		}
		if told, err := w.At(ctx, "s", "c3", past[9].at); err != nil || told.Formed {
			t.Errorf("of what is not kept any more it is told: %+v, %v", told, err)
		}
	})
}

// What is kept of a customer's stays ends with the segments.
func TestStaysOfDeletedSegmentsEnd(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	w := newWorld(t, e, newClock())
	w.fill(t, 2)
	w.define(t, "last", "count 0")
	for range 5 {
		w.define(t, "s", "count 1")
		w.define(t, "untold", "each 1")
		w.put(t, "c0", 0, 1)
		w.round(t)
		w.put(t, "c0", 2, 1)
		w.round(t)
		w.remove(t, "s")
		w.remove(t, "untold")
		w.round(t)
	}
	w.define(t, "more", "count 1")
	w.round(t)
	if n, err := w.Kept(t.Context(), "c0"); err != nil || n != 2 {
		t.Errorf("%d stays are kept, %v; c0 is in two segments", n, err)
	}
}

// counting counts how often all segments are read.
type counting struct {
	standing.Segments
	all int
}

func (c *counting) All(ctx context.Context) iter.Seq2[domain.Segment, error] {
	c.all++
	return c.Segments.All(ctx)
}

// That a segment was deleted is learnt once.
func TestDeletedSegmentsAreRemembered(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	w, ctx := newWorld(t, e, newClock()), t.Context()
	for i := range 4 {
		w.define(t, fmt.Sprint("s", i), fmt.Sprint("list l", i))
		w.put(t, fmt.Sprint("c", i), 1, 1)
		_, err := w.facts.AddToList(ctx, fmt.Sprint("l", i), []string{fmt.Sprint("c", i)})
		must(t, err)
	}
	w.round(t)
	for i := range 4 {
		w.remove(t, fmt.Sprint("s", i))
	}
	segments := &counting{Segments: w.store.Segments}
	s, err := standing.Open(ctx, e, vaulttest.On(t, e), segments, standing.DefaultConfig(), w.clock.Now)
	must(t, err)
	for range 3 {
		for i := range 4 {
			if of, err := s.Of(ctx, fmt.Sprint("c", i)); err != nil || len(of.Stays) > 0 {
				t.Fatalf("c%d is in %v, %v", i, of.Stays, err)
			}
		}
	}
	if segments.all > 4 {
		t.Errorf("all segments were read %d times for 4 that were deleted", segments.all)
	}
}
