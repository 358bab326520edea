package standing_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

func wantReason(t fataler, err error, kind fault.Kind, reason string) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind || fault.ReasonOf(err) != reason {
		t.Fatalf("got %v (%s), want %s", err, fault.ReasonOf(err), reason)
	}
}

// fill makes customers c0, c1, … known, with so many orders each.
func (w *world) fill(t fataler, orders ...int64) {
	t.Helper()
	for i, n := range orders {
		w.put(t, fmt.Sprintf("c%d", i), n, 1)
	}
}

// The pages of a list are of one generation, for a day after it was superseded, and
// whoever is erased meanwhile is neither listed nor counted.
func TestListsAreKeptForADay(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w, ctx := newWorld(t, e, newClock()), t.Context()
		w.define(t, "many", "count 2")
		w.fill(t, 1, 2, 3, 4, 5, 6)
		w.round(t)
		first, err := w.Members(ctx, "many", 0, "", 2)
		must(t, err)
		if first.Total != 5 || !first.More || !slices.Equal(ids(first.Members), []string{"c1", "c2"}) {
			t.Fatalf("the first page is %+v", first)
		}
		for i := range 30 { // a new list each hour
			w.clock.advance(time.Hour)
			w.put(t, "c0", int64(i%2)*5, 1)
			w.put(t, "c3", int64(i%2), 1)
			if i == 10 {
				w.forget(t, "c4", facts.Cause{Kind: facts.Deleted})
				must(t, w.worker.AskToErase(ctx, []string{"c4"}, "erased-1"))
			}
			w.round(t)
			rest, err := w.Members(ctx, "many", first.Generation, "c2", 9)
			switch {
			case i < 10:
				must(t, err)
				if rest.Total != 5 || !slices.Equal(ids(rest.Members), []string{"c3", "c4", "c5"}) {
					t.Fatalf("after %d hours the list goes on with %+v", i, rest)
				}
			case i < 24:
				must(t, err)
				if rest.Total != 4 || !slices.Equal(ids(rest.Members), []string{"c3", "c5"}) {
					t.Fatalf("after %d hours and an erasure the list goes on with %+v", i, rest)
				}
			case i > 26:
				wantReason(t, err, fault.InvalidArgument, "PAGE_TOKEN_EXPIRED")
			}
		}
		w.wantMembers(t, "many", "c0", "c1", "c2", "c5")
		_, err = w.Members(ctx, "none", 0, "", 2)
		wantReason(t, err, fault.NotFound, "SEGMENT_NOT_FOUND")
	})
}

// A definition that fails for a customer leaves the segment at its last good version
// and its moves untold; both come when it can be told again.
func TestFailuresHoldASegmentBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w, ctx := newWorld(t, e, newClock()), t.Context()
		w.define(t, "s", "each 3")
		w.define(t, "asks", "in s")
		w.fill(t, 1, 2, 3, 4)
		w.round(t)
		w.wantMembers(t, "s", "c0", "c1", "c2")
		good := w.segment(t, "s")
		w.put(t, "c1", 9, 1)
		w.put(t, "c3", 0, 1)
		w.round(t)
		w.wantMembers(t, "s", "c0", "c1", "c2")
		w.wantMembers(t, "asks", "c0", "c1", "c2")
		for _, id := range []string{"s", "asks"} {
			f := w.segment(t, id).Failure
			if f == nil || f.Customers != 1 || f.Reason != "RULE_EVALUATION_FAILED" || !strings.HasSuffix(f.Message, `(of customer "c3")`) {
				t.Fatalf("the failure of %s is %+v", id, f)
			}
		}
		if now := w.segment(t, "s"); now.Formed.Generation != good.Formed.Generation || now.State != domain.Published {
			t.Fatalf("it shows %+v, before %+v", now.Formed, good.Formed)
		}
		if n := len(w.feed(t)); n != 6 {
			t.Fatalf("the feed tells %d moves, 6 are published", n)
		}
		head, err := w.Head(ctx)
		must(t, err)
		w.put(t, "c3", 2, 1)
		w.round(t)
		w.wantMembers(t, "s", "c0", "c2", "c3")
		w.wantMembers(t, "asks", "c0", "c2", "c3")
		if f := w.segment(t, "s").Failure; f != nil {
			t.Fatalf("the failure stays: %+v", f)
		}
		batch, err := w.Feed(ctx, head, 100)
		must(t, err)
		if len(batch.Moves) != 4 { // c1 left long ago, c3 entered now, of both
			t.Fatalf("behind the head the feed tells %+v", batch.Moves)
		}
		w.put(t, "c2", 0, 1)
		w.round(t)
		w.forget(t, "c2", facts.Cause{Kind: facts.Deleted})
		must(t, w.worker.AskToErase(ctx, []string{"c2"}, "erased-1"))
		w.round(t)
		w.wantMembers(t, "s", "c0", "c3")
		if f := w.segment(t, "s").Failure; f != nil {
			t.Fatalf("the failure stays: %+v", f)
		}
	})
}

// rows counts what is stored in a collection.
func rows(t fataler, e docstore.Engine, name string) int64 {
	t.Helper()
	type row struct {
		docstore.Meta `bson:",inline"`
	}
	docs, err := docstore.Open(context.Background(), e, docstore.Schema[row]{Name: name})
	must(t, err)
	n, err := docs.Count(context.Background(), docstore.Range{})
	must(t, err)
	return n
}

func TestPausedSegmentsStayAndDeletedOnesGo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w := newWorld(t, e, newClock())
		w.define(t, "s", "count 2")
		w.fill(t, 1, 2, 3)
		w.round(t)
		w.change(t, "s", func(s *domain.Segment) { s.State = domain.Paused })
		w.put(t, "c0", 5, 1)
		w.put(t, "c1", 0, 1)
		w.round(t)
		w.wantMembers(t, "s", "c1", "c2")
		w.change(t, "s", func(s *domain.Segment) { s.State, s.Wanted = domain.Published, true })
		w.round(t)
		w.wantMembers(t, "s", "c0", "c2")
		if s := w.segment(t, "s"); s.Wanted || s.Formed.Revision != 1 {
			t.Fatalf("resumed it is %+v", s)
		}
		w.remove(t, "s")
		w.define(t, "s", "count 5")
		w.round(t)
		w.wantMembers(t, "s", "c0")
		if n := len(w.transitions(t, "s")); n != 1 {
			t.Fatalf("it has %d moves, one is its own", n)
		}
		w.remove(t, "s")
		w.round(t)
		for _, name := range []string{"rosters", "moves", "publications", "corrections", "releases", "forms"} {
			if n := rows(t, e, name); n != 0 {
				t.Fatalf("%s: %d are left", name, n)
			}
		}
		if of, err := w.SegmentsOf(t.Context(), []string{"c0"}); err != nil || len(of[0]) != 0 {
			t.Fatalf("c0 is still in %v, %v", of, err)
		}
	})
}

// A definition that cannot be used keeps the last good members, and everybody is asked
// as soon as it can be.
func TestUnusableDefinitionsKeepTheLastGoodVersion(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	w := newWorld(t, e, newClock())
	w.define(t, "s", "count 2")
	w.fill(t, 1, 2, 3)
	w.round(t)
	w.redefine(t, "s", "someday 1")
	w.put(t, "c1", 0, 1)
	w.round(t)
	w.wantMembers(t, "s", "c1", "c2")
	if f := w.segment(t, "s").Failure; f == nil || f.Reason != "NOT_READY" {
		t.Fatalf("the failure is %+v", f)
	}
	w.redefine(t, "s", "count 1")
	w.round(t)
	w.wantMembers(t, "s", "c0", "c2")
	if s := w.segment(t, "s"); s.Failure != nil || s.Formed.Revision != 3 {
		t.Fatalf("it is %+v", s)
	}
}

// What decided is told of the past, with its values and cause.
func TestThePastIsTold(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w, ctx := newWorld(t, e, newClock()), t.Context()
		begin := w.clock.Now()
		w.fill(t, 3)
		w.clock.advance(time.Hour)
		w.define(t, "idle", "idle 10")
		w.round(t)
		w.clock.advance(20 * 24 * time.Hour)
		w.round(t)
		w.clock.advance(time.Hour)
		w.put(t, "c0", 4, 0)
		w.round(t)
		at := w.clock.Now()
		for _, x := range []struct {
			at      time.Time
			formed  bool
			belongs bool
			cause   string
			orders  int64
		}{
			{begin, false, false, "", 0},
			{begin.Add(2 * time.Hour), true, false, "", 0},
			{at.Add(-time.Minute), true, true, facts.Time, 3},
			{at, true, false, facts.Ordered, 4},
			{time.Time{}, true, false, facts.Ordered, 4},
		} {
			past, err := w.At(ctx, "idle", "c0", x.at)
			must(t, err)
			if past.Formed != x.formed || past.Belongs != x.belongs || (past.Decided == nil) != (x.cause == "") {
				t.Fatalf("at %v: %+v", x.at, past)
			}
			if past.Decided == nil {
				continue
			}
			moves := []standing.Move{*past.Decided}
			must(t, w.Unseal(ctx, moves))
			recalled, err := facts.RecallParted(reads, moves[0].Recorded, moves[0].Own)
			must(t, err)
			if recalled.Customer.City != cityOf("c0") {
				t.Fatalf("at %v the city was %q", x.at, recalled.Customer.City)
			}
			if past.Decided.Cause.Kind != x.cause || recalled.Orders.Count != x.orders || past.Decided.Revision != 1 {
				t.Fatalf("at %v decided %+v, of %d orders", x.at, past.Decided, recalled.Orders.Count)
			}
		}
	})
}

// The feed goes on from where it was read, and says when it cannot.
func TestTheFeedGoesOn(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	w, ctx := newWorld(t, e, newClock()), t.Context()
	w.define(t, "s", "count 2")
	w.fill(t, 2, 2, 2, 2, 2)
	w.round(t)
	batch, err := w.Feed(ctx, "", 2)
	must(t, err)
	old := batch.Cursor
	w.put(t, "c0", 0, 1)
	w.round(t)
	rest, err := w.Feed(ctx, old, 100)
	must(t, err)
	if len(rest.Moves) != 4 || rest.More || !rest.Moves[3].Left || rest.Moves[0].Customer != "c2" {
		t.Fatalf("the feed goes on with %+v", rest)
	}
	// Who keeps a cursor is not asked to erase it.
	if text, err := base64.RawURLEncoding.DecodeString(rest.Cursor); err != nil || strings.Contains(string(text), `"c`) {
		t.Fatalf("the cursor behind everything names a customer: %s, %v", text, err)
	}
	none, err := w.Feed(ctx, rest.Cursor, 100)
	must(t, err)
	if len(none.Moves) != 0 || none.More {
		t.Fatalf("the feed goes on with %+v", none)
	}
	w.clock.advance(401 * 24 * time.Hour)
	w.put(t, "c1", 0, 1)
	w.round(t)
	_, err = w.Feed(ctx, old, 100)
	wantReason(t, err, fault.FailedPrecondition, "CURSOR_EXPIRED")
	last, err := w.Feed(ctx, none.Cursor, 100)
	must(t, err)
	if len(last.Moves) != 1 || last.Moves[0].Customer != "c1" {
		t.Fatalf("whoever had read all goes on with %+v", last)
	}
	_, err = w.Feed(ctx, "nonsense", 1)
	wantReason(t, err, fault.InvalidArgument, "INVALID_FIELD")
}
