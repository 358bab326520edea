package app_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

func ruled(expression string) domain.Definition { return domain.Definition{Rule: expression} }

// customers makes customers c00, c01, … with as many orders as their numbers say.
func (b *base) fill(n int) {
	for i := range n {
		b.set(fmt.Sprintf("c%02d", i), facts.Facts{Valued: i > 0, Orders: facts.Orders{Count: int64(i)}})
	}
}

func (w *world) redefine(t fataler, id, expression string) {
	t.Helper()
	_, err := w.Change(context.Background(), id, false, func(s *domain.Segment) error {
		s.Definition = ruled(expression)
		return nil
	})
	must(t, err)
}

func onPebble(t *testing.T) (*world, docstore.Engine) {
	t.Helper()
	e := memory(t)
	t.Cleanup(func() { closeEngine(t, e) })
	return newWorld(t, e, newBase(), newClock()), e
}

// A rule that fails for one customer fails its own segment alone, which keeps its
// last good members and says which rule, which customer and why.
func TestFailingRuleKeepsTheLastGoodPass(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w := newWorld(t, e, newBase(), newClock())
		w.base.fill(10)
		w.create(t, "bad", ruled(`orders.count > 4`))
		w.create(t, "good", ruled(`orders.count > 6`))
		w.form(t, true, "bad", "good")
		good := w.members(t, "bad")

		w.base.set("c09", facts.Facts{Valued: true, Orders: facts.Orders{Count: 1}})
		w.redefine(t, "bad", `100 / (orders.count - 7) > 3`)
		result := w.form(t, false)
		if len(result.Segments) != 2 || result.Left != 1 || result.Entered != 0 {
			t.Errorf("got %d segments, %d entered, %d left", len(result.Segments), result.Entered, result.Left)
		}
		failure := w.segment(t, "bad").Failure
		if failure == nil || failure.Code != int32(codes.FailedPrecondition) || failure.Reason != "RULE_EVALUATION_FAILED" ||
			failure.Field != "rule.expression" || !strings.Contains(failure.Message, "division by zero") || !strings.Contains(failure.Message, `"c07"`) {
			t.Errorf("last error is %+v", failure)
		}
		if result.Failures["bad"] != *failure {
			t.Errorf("the result tells of %v", result.Failures)
		}
		if now := w.members(t, "bad"); !slices.Equal(now, good) {
			t.Errorf("the last good members %v have become %v", good, now)
		}
		if got := customersOf(w.members(t, "good")); !slices.Equal(got, []string{"c07", "c08"}) || w.segment(t, "good").Failure != nil {
			t.Errorf("the other segment has %q", got)
		}

		w.redefine(t, "bad", `orders.count > 7`)
		w.form(t, false, "bad")
		if got := customersOf(w.members(t, "bad")); !slices.Equal(got, []string{"c08"}) || w.segment(t, "bad").Failure != nil {
			t.Errorf("once mended it has %q and %v", got, w.segment(t, "bad").Failure)
		}
		w.checkSwept(t, e, []string{"bad", "good"})
	})
}

// A draft whose first pass fails stays one.
func TestFailedPublicationLeavesADraft(t *testing.T) {
	w, _ := onPebble(t)
	w.base.fill(3)
	w.create(t, "s", ruled(`1 / orders.count > 0`))
	w.form(t, true, "s")
	if s := w.segment(t, "s"); s.State != domain.Draft || s.Formed.Generation != 0 || s.Failure == nil {
		t.Errorf("got %+v", s)
	}
	if members := w.members(t, "s"); len(members) != 0 {
		t.Errorf("it has members %v", members)
	}
}

// Where nothing has been valued yet, definitions over valuations fail rather than
// make everybody leave; others are formed.
func TestWithoutValuations(t *testing.T) {
	w, _ := onPebble(t)
	w.base.fill(4)
	w.base.setEdition(peers.Edition{})
	w.create(t, "orders", ruled(`orders.count == 0`))
	w.create(t, "rfm", domain.Definition{RFM: &domain.RFM{Cells: []string{"***"}}})
	w.create(t, "all", ruled(`customer.region == ""`))
	result := w.form(t, true, "orders", "rfm", "all")
	for _, id := range []string{"orders", "rfm"} {
		if result.Failures[id].Reason != "VALUATIONS_NOT_REFRESHED" {
			t.Errorf("%s: %v", id, result.Failures)
		}
	}
	if members := w.members(t, "all"); len(members) != 4 || !w.segment(t, "all").Formed.AsOf.IsZero() {
		t.Errorf("all has %v", members)
	}
}

// A failing peer fails the pass, the segments say so, and the last good pass
// serves on. The next good one clears it.
func TestFailingPeer(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w := newWorld(t, e, newBase(), newClock())
		w.base.fill(10)
		w.create(t, "s", ruled(`orders.count > 4`))
		w.form(t, true, "s")
		good := w.members(t, "s")
		down := fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "valuation is unavailable")
		w.base.setBefore(func(n int) error {
			if n == 8 {
				return down
			}
			return nil
		})
		w.base.fill(20)
		job, j := w.job(false), &journal{}
		for range 2 { // another attempt does not write it again
			_, err := w.Recompute(context.Background(), job, j.state(t), j)
			if !errors.Is(err, down) {
				t.Fatalf("got %v", err)
			}
			if s := w.segment(t, "s"); s.Failure == nil || s.Failure.Reason != "PEER_UNAVAILABLE" || s.Failure.Code != int32(codes.Unavailable) {
				t.Errorf("last error is %+v", s.Failure)
			}
		}
		if now := w.members(t, "s"); !slices.Equal(now, good) {
			t.Errorf("the last good members %v have become %v", good, now)
		}
		w.base.setBefore(nil)
		result, err := w.Recompute(context.Background(), job, j.state(t), j)
		must(t, err)
		if s := w.segment(t, "s"); s.Failure != nil || s.Formed.Members != 15 || result.Customers != 20 || result.Entered != 10 {
			t.Errorf("got %+v and %+v", s, result)
		}
		w.checkSwept(t, e, []string{"s"})
	})
}

// When the valuations that a pass began with are gone, it begins anew with those
// there are.
func TestSupersededValuations(t *testing.T) {
	w, e := onPebble(t)
	w.base.fill(10)
	w.create(t, "s", ruled(`orders.count > 4`))
	later := w.base.edition
	later.Generation, later.AsOf = 2, later.AsOf.AddDate(0, 0, 1)
	w.base.setBefore(func(n int) error {
		if edition, _ := w.base.Edition(context.Background()); n == 7 && edition != later {
			w.base.setEdition(later)
			return peers.ErrSuperseded
		}
		return nil
	})
	w.form(t, true, "s")
	if s := w.segment(t, "s"); !s.Formed.AsOf.Equal(later.AsOf) || s.Formed.Members != 5 {
		t.Errorf("formed %+v", s.Formed)
	}
	w.checkSwept(t, e, []string{"s"})
}

// A pass that broke off and whose definition was changed meanwhile is not of both
// definitions.
func TestDefinitionChangedWhileBrokenOff(t *testing.T) {
	w, e := onPebble(t)
	w.base.fill(12)
	w.create(t, "s", ruled(`orders.count > 1`))
	w.create(t, "t", ruled(`orders.count > 2`))
	down := fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "profile is unavailable")
	w.base.setBefore(func(n int) error {
		if n == 8 {
			return down
		}
		return nil
	})
	job, j := w.job(true, "s", "t"), &journal{}
	if _, err := w.Recompute(context.Background(), job, app.State{}, j); !errors.Is(err, down) {
		t.Fatalf("got %v", err)
	}
	w.base.setBefore(nil)
	w.redefine(t, "s", `orders.count < 5`)
	_, err := w.Recompute(context.Background(), job, j.state(t), j)
	must(t, err)
	if got := customersOf(w.members(t, "s")); !slices.Equal(got, []string{"c00", "c01", "c02", "c03", "c04"}) {
		t.Errorf("s has %q", got)
	}
	if n := len(w.members(t, "t")); n != 9 {
		t.Errorf("t has %d members", n)
	}
	w.checkSwept(t, e, []string{"s", "t"})
}

// interrupt makes a journal that calls other in the midst of a pass.
func interrupt(other func()) *journal {
	return &journal{fail: func(n int) error {
		if n == 3 {
			other()
		}
		return nil
	}}
}

// Of passes at the same time the later wins, and the transitions are still those
// from one published pass to the next.
func TestPassesAtTheSameTime(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		w := newWorld(t, e, newBase(), newClock())
		w.base.fill(12)
		w.create(t, "s", ruled(`orders.count > 5`))
		w.form(t, true, "s")
		// One that began later is published first: this one gives way.
		var inner domain.Formed
		_, err := w.Recompute(context.Background(), w.job(false), app.State{}, interrupt(func() {
			w.base.set("c03", facts.Facts{Valued: true, Orders: facts.Orders{Count: 30}})
			w.form(t, false)
			inner = w.segment(t, "s").Formed
		}))
		must(t, err)
		checkSegment(t, w, "s", []string{"c03", "c06", "c07", "c08", "c09", "c10", "c11"})
		if now := w.segment(t, "s").Formed; !reflect.DeepEqual(now, inner) {
			t.Errorf("%+v was published over the later %+v", now, inner)
		}
		// One that began earlier is published first: this one begins anew.
		paused, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		earlier, later := w.job(false), w.job(false)
		w.base.remove("c03")
		go func() {
			_, err := w.Recompute(context.Background(), earlier, app.State{}, interrupt(func() {
				close(paused)
				<-goOn
			}))
			ended <- err
		}()
		<-paused
		w.base.set("c03", facts.Facts{Valued: true, Orders: facts.Orders{Count: 30}})
		w.base.set("c07", facts.Facts{})
		_, err = w.Recompute(context.Background(), later, app.State{}, interrupt(func() {
			close(goOn)
			must(t, <-ended)
			checkSegment(t, w, "s", []string{"c06", "c07", "c08", "c09", "c10", "c11"})
		}))
		must(t, err)
		checkSegment(t, w, "s", []string{"c03", "c06", "c08", "c09", "c10", "c11"})
		w.checkSwept(t, e, []string{"s"})
	})
}

// A run that lost its operation to another, and wakes up when that one has long
// published, changes nothing.
func TestRunThatLostItsLeaseChangesNothing(t *testing.T) {
	w, e := onPebble(t)
	w.base.fill(12)
	w.create(t, "s", ruled(`orders.count > 5`))
	job, j := w.job(true, "s"), &journal{}
	lost := fault.New(fault.Aborted, "OPERATION_LEASE_LOST", "another process has taken over")
	asleep := &journal{}
	asleep.fail = func(n int) error {
		if n < 3 {
			must(t, j.Checkpoint(context.Background(), asleep.state(t)))
			return nil
		}
		if n == 3 { // its rows are written; the other run begins at its last checkpoint
			_, err := w.Recompute(context.Background(), job, j.state(t), j)
			must(t, err)
		}
		return lost
	}
	if _, err := w.Recompute(context.Background(), job, app.State{}, asleep); !errors.Is(err, lost) {
		t.Fatalf("got %v", err)
	}
	checkSegment(t, w, "s", []string{"c06", "c07", "c08", "c09", "c10", "c11"})
	w.checkSwept(t, e, []string{"s"})
}

// A pass that is given up each time before it can be published ends in an error.
func TestContendedSegments(t *testing.T) {
	w, _ := onPebble(t)
	w.base.fill(3)
	w.create(t, "s", ruled(`orders.count > 0`))
	w.form(t, true, "s")
	var j *journal
	j = &journal{fail: func(int) error {
		if round := j.state(t).Round; round != nil {
			_, err := w.store.Segments.Change(context.Background(), "s", func(s *domain.Segment) error {
				s.Floor = round.Generation
				return nil
			})
			return err
		}
		return nil
	}}
	_, err := w.Recompute(context.Background(), w.job(false), app.State{}, j)
	wantReason(t, err, fault.FailedPrecondition, "SEGMENTS_CONTENDED")
	if n := len(w.members(t, "s")); n != 2 {
		t.Errorf("the last good pass has %d members", n)
	}
	w.form(t, false)
	checkSegment(t, w, "s", []string{"c01", "c02"})
}

// A pass in which there are rows that it has not counted, as a run that had lost
// its lease could leave, is formed again.
func TestStrayRows(t *testing.T) {
	w, e := onPebble(t)
	ctx := context.Background()
	w.base.fill(12)
	w.create(t, "s", ruled(`orders.count > 5`))
	generation, err := w.store.Generations.Last(ctx)
	must(t, err)
	for _, stray := range []store.Rows{
		{Members: []store.Member{{Customer: "c0"}}},
		{Moves: []store.Move{{Customer: "c0"}}},
	} {
		if s := w.segment(t, "s"); s.Formed.Generation > 0 {
			generation = s.Formed.Generation
		}
		_, err := w.Recompute(ctx, w.job(true, "s"), stateless, interrupt(func() {
			stray.Segment, stray.Generation = "s", generation+1
			must(t, w.store.Members.Write(ctx, []store.Rows{stray}))
		}))
		must(t, err)
		if s := w.segment(t, "s"); s.Formed.Generation != generation+2 {
			t.Errorf("the pass published is %d, want %d", s.Formed.Generation, generation+2)
		}
		checkSegment(t, w, "s", []string{"c06", "c07", "c08", "c09", "c10", "c11"})
	}
	w.checkSwept(t, e, []string{"s"})
}
