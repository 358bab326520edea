package app

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

var policy = domain.Policy{
	AsOfDate: "2026-02-28", Zone: "Asia/Shanghai", Ties: domain.OrdinalTies, Threshold: domain.MedianThreshold,
}

// attempt runs the refresh once in a process that may die, over the crowd.
func attempt(t testing.TB, e docstore.Engine, j *journal, c crowd, l *life) error {
	t.Helper()
	s, err := store.Open(t.Context(), mortal{e, l}, frozen)
	if err != nil {
		t.Fatal(err)
	}
	c.life = l
	r := NewRefresh(s, c)
	r.chunk = 3
	_, err = r.Run(t.Context(), operationName, policy, j.last(), j.in(l))
	return err
}

func immortal() *life { return &life{left: -1} }

// TestResumedRefreshIsTheSame: wherever the process dies, and however often, the
// result is that of a run that was not interrupted.
func TestResumedRefreshIsTheSame(t *testing.T) {
	testResumed(t, openPebble)
}

func testResumed(t *testing.T, open func(testing.TB) docstore.Engine) {
	people := crowd{seed: 1, customers: 120}
	undisturbed := open(t)
	j := &journal{}
	if err := attempt(t, undisturbed, j, people, immortal()); err != nil {
		t.Fatal(err)
	}
	if want := []string{reading, scoring, writing}; !slices.Equal(j.stages, want) {
		t.Errorf("the stages are %v, want %v", j.stages, want)
	}
	want := read(t, openStore(t, undisturbed))
	if want.summary.Customers < 50 || len(want.valuations) != int(want.summary.Customers) {
		t.Fatalf("%d valuations of %d customers", len(want.valuations), want.summary.Customers)
	}
	if want.summary.Excluded != people.excluded() {
		t.Fatalf("%d were left out, want %d", want.summary.Excluded, people.excluded())
	}
	if err := want.agree(); err != nil || want.summary.Cohorts.OmittedCustomers == 0 {
		t.Fatalf("%v; omitted: %d", err, want.summary.Cohorts.OmittedCustomers)
	}
	rapid.Check(t, func(rt *rapid.T) {
		e, j := open(t), &journal{}
		for _, left := range rapid.SliceOfN(rapid.IntRange(1, 350), 1, 6).Draw(rt, "lives") {
			err := attempt(t, e, j, people, &life{left: left, lost: rapid.Bool().Draw(rt, "lost")})
			if err != nil && !errors.Is(err, errGone) {
				rt.Fatalf("a life of %d calls: %v", left, err)
			}
		}
		if err := attempt(t, e, j, people, immortal()); err != nil {
			rt.Fatal(err)
		}
		got := read(t, openStore(t, e))
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func TestResumedOnMongo(t *testing.T) {
	e, j, people := mongotest.Open(t), &journal{}, crowd{seed: 1, customers: 120}
	for _, left := range []int{7, 40, 90, 200, 260, 300, 420, 500} {
		if err := attempt(t, e, j, people, &life{left: left, lost: left%20 == 0}); err != nil && !errors.Is(err, errGone) {
			t.Fatal(err)
		}
	}
	if err := attempt(t, e, j, people, immortal()); err != nil {
		t.Fatal(err)
	}
	pebble := openPebble(t)
	if err := attempt(t, pebble, &journal{}, people, immortal()); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, openStore(t, e)), read(t, openStore(t, pebble)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestOrdersChangeBetweenLives: each life meets other orders, and what comes out
// still agrees with itself.
func TestOrdersChangeBetweenLives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e, j := openPebble(t), &journal{}
		for i, left := range rapid.SliceOfN(rapid.IntRange(1, 400), 1, 5).Draw(rt, "lives") {
			_ = attempt(t, e, j, crowd{seed: uint64(i), customers: 60 + 10*i}, &life{left: left})
		}
		if err := attempt(t, e, j, crowd{seed: 99, customers: 80}, immortal()); err != nil {
			rt.Fatal(err)
		}
		if err := read(t, openStore(t, e)).agree(); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestTwoRunsAtATime: the run of a lease that was lost goes on beside the one
// that took over, on other orders. Either may give up; together they do no harm.
func TestTwoRunsAtATime(t *testing.T) {
	for round := range 20 {
		e, j := openPebble(t), &journal{}
		var runs sync.WaitGroup
		for seed := range uint64(3) {
			runs.Go(func() {
				err := attempt(t, e, j, crowd{seed: seed, customers: 80}, immortal())
				if err != nil && fault.KindOf(err) != fault.Aborted {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		runs.Wait()
		if err := attempt(t, e, j, crowd{seed: 9, customers: 80}, immortal()); err != nil {
			t.Fatal(err)
		}
		if err := read(t, openStore(t, e)).agree(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// TestCompleteSpoolStaysAsItIs: a run that goes on from the end of what another
// one has read, and meets customers behind it, adds none.
func TestCompleteSpoolStaysAsItIs(t *testing.T) {
	e, j, people := openPebble(t), &journal{}, crowd{seed: 1, customers: 120}
	if err := attempt(t, e, j, people, &life{left: 330}); !errors.Is(err, errGone) || !j.last().Read {
		t.Fatalf("the process did not die when it had read: %v, %+v", err, j.last())
	}
	more := crowd{seed: 1, customers: 200}
	if err := attempt(t, e, &journal{}, more, immortal()); err != nil {
		t.Fatal(err)
	}
	whole := openPebble(t)
	if err := attempt(t, whole, &journal{}, people, immortal()); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, openStore(t, e)), read(t, openStore(t, whole)); !reflect.DeepEqual(got, want) {
		t.Errorf("%d customers, want %d", got.summary.Customers, want.summary.Customers)
	}
}

// agree reports where a summary and the valuations behind it differ.
func (o outcome) agree() error {
	var orders, revenue int64
	cells := map[string]int64{}
	for i, v := range o.valuations {
		if i > 0 && v.Customer <= o.valuations[i-1].Customer {
			return fmt.Errorf("%s comes behind %s", v.Customer, o.valuations[i-1].Customer)
		}
		orders += v.Orders
		revenue += v.Revenue[0].Minor
		cells[v.Scores.Cell()]++
	}
	s := o.summary
	if s.Customers != int64(len(o.valuations)) || s.Orders != orders || s.Revenue[0].Minor != revenue || len(s.Cells) != len(cells) {
		return fmt.Errorf("%d valuations, %d orders, revenue %d, %d cells; the summary says %+v", len(o.valuations), orders, revenue, len(cells), s)
	}
	for _, c := range s.Cells {
		if cells[c.Cell] != c.Customers {
			return fmt.Errorf("cell %s has %d, the summary says %d", c.Cell, cells[c.Cell], c.Customers)
		}
	}
	return o.describes()
}

// describes reports where the cohorts and distributions of a summary and the
// valuations behind it differ.
func (o outcome) describes() error {
	s := o.summary
	if s.Cohorts == nil || s.OrderValues == nil || s.Intervals == nil || len(s.TopShares) != 3 {
		return fmt.Errorf("there are none: %+v", s)
	}
	if r := o.retention; r == nil || r.Customers != s.Customers || r.Repeaters > r.Customers {
		return fmt.Errorf("retention is of %+v, the summary of %d customers", r, s.Customers)
	}
	inCohorts, intervals, most := s.Cohorts.OmittedCustomers, int64(0), int64(0)
	for _, c := range s.Cohorts.Cohorts {
		inCohorts += c.Customers
		if len(c.Active) > 0 && c.Active[0] != c.Customers {
			return fmt.Errorf("of %d customers of %s, %d had an order in it", c.Customers, c.Month, c.Active[0])
		}
	}
	for _, v := range o.valuations {
		intervals += v.Days - 1
		most = max(most, v.Revenue[0].Minor)
	}
	mean := float64(s.Revenue[0].Minor) / float64(s.Orders)
	if inCohorts != s.Customers || s.OrderValues.Count != s.Orders || s.OrderValues.Mean != mean || s.Intervals.Count != intervals {
		return fmt.Errorf("%d in cohorts, %+v, %+v; want %d customers, mean %g of %d orders, %d intervals",
			inCohorts, s.OrderValues, s.Intervals, s.Customers, mean, s.Orders, intervals)
	}
	if top := s.TopShares[0]; top.Count == 1 && top.Share != float64(most)/float64(s.Revenue[0].Minor) {
		return fmt.Errorf("the first has %d of %d, the summary says %g", most, s.Revenue[0].Minor, top.Share)
	}
	return nil
}

// TestSpoolOfAnOlderVersion: what it has read is valued, and that the rest cannot
// be told is said.
func TestSpoolOfAnOlderVersion(t *testing.T) {
	e, j, people := openPebble(t), &journal{}, crowd{seed: 1, customers: 120}
	s := openStore(t, e)
	generation, err := s.Publication.Begin(t.Context(), operationName)
	if err != nil {
		t.Fatal(err)
	}
	asOf, err := policy.AsOf()
	if err != nil {
		t.Fatal(err)
	}
	chunk, account := store.Chunk{Layout: store.Dated}, domain.Account{}
	if counts, err := domain.NewBookkeeper(asOf).Account(people.history(1), &account); err != nil || !counts {
		t.Fatal("the second customer does not count", err)
	}
	chunk.Accounts, chunk.Count = store.AppendAccount(nil, &account), 1
	if err := s.Spool.Append(t.Context(), generation, chunk); err != nil {
		t.Fatal(err)
	}
	if err := attempt(t, e, j, people, immortal()); err != nil {
		t.Fatal(err)
	}
	got := read(t, s).summary
	if got.Customers < 50 || got.Cohorts != nil || got.OrderValues != nil || got.Intervals != nil || len(got.TopShares) != 3 {
		t.Errorf("got %+v", got)
	}
	if !slices.ContainsFunc(got.Warnings, func(w domain.Warning) bool { return w.Reason == "NOT_COUNTED" }) {
		t.Errorf("warnings %v do not say so", got.Warnings)
	}
}

// TestTakenBackGeneration: where the sweeper has removed what a refresh had, a
// run left over cannot publish it, and one that begins anew starts from nothing.
func TestTakenBackGeneration(t *testing.T) {
	e, j, people := openPebble(t), &journal{}, crowd{seed: 1, customers: 120}
	if err := attempt(t, e, j, people, &life{left: 330}); !errors.Is(err, errGone) {
		t.Fatalf("the process did not die: %v", err)
	}
	if !j.last().Read {
		t.Fatalf("it died too early: %+v", j.last())
	}
	s := openStore(t, e)
	gone, err := s.Publication.Retire(t.Context(), today, []string{operationName})
	if err != nil || !slices.Equal(gone.Whole, []int64{1}) {
		t.Fatalf("retired %+v, %v", gone, err)
	}
	if err := s.Purge(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	_, err = s.Publication.Publish(t.Context(), operationName, domain.Summary{Generation: 1})
	if f, ok := fault.As(err); !ok || f.Reason != "REFRESH_OVERTAKEN" || !strings.Contains(f.Message, "1") {
		t.Errorf("a generation taken back was published: %v", err)
	}
	if err := attempt(t, e, j, people, immortal()); err != nil {
		t.Fatal(err)
	}
	got := read(t, s)
	if err := got.agree(); err != nil || got.summary.Generation != 2 {
		t.Errorf("generation %d, %v", got.summary.Generation, err)
	}
}
