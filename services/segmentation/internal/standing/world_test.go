package standing_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// fataler is what tests and properties have in common.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func memory(t fataler) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	return e
}

// onBothEngines runs a test on each engine.
func onBothEngines(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("pebble", func(t *testing.T) {
		e := memory(t)
		defer func() { must(t, e.Close()) }()
		test(t, e)
	})
	t.Run("mongo", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

// onEveryEngine checks a property on both engines, each time on an empty one.
func onEveryEngine(t *testing.T, property func(*rapid.T, docstore.Engine)) {
	t.Run("pebble", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			e := memory(t)
			defer func() { must(t, e.Close()) }()
			property(t, e)
		})
	})
	t.Run("mongo", func(t *testing.T) {
		uri, name := mongotest.Database(t)
		runs := 0
		rapid.Check(t, func(rt *rapid.T) {
			if runs++; runs > 12 {
				return // as much as there is time for
			}
			e, err := mongostore.Open(context.Background(), uri, fmt.Sprintf("%s_%d", name, runs), mongostore.Options{})
			must(rt, err)
			defer func() { must(rt, e.Close()) }()
			property(rt, e)
		})
	})
}

// condition is a criterion of the tests, as it is written in a rule:
//
//	count N    at least N orders
//	below N    fewer than N orders
//	idle D     no order for D days, and one before
//	each N     10 by the number of orders is at least N: cannot be told without orders
//	in S       in another segment
//	out S      not in another segment
//	list S     on a list
type condition struct {
	verb, name string
	n          int64
}

func parse(rule string) (condition, error) {
	verb, rest, _ := strings.Cut(rule, " ")
	c := condition{verb: verb, name: rest}
	switch verb {
	case "count", "below", "idle", "each":
		if _, err := fmt.Sscan(rest, &c.n); err != nil {
			return c, err
		}
	case "in", "out", "list":
	default:
		return c, fault.New(fault.FailedPrecondition, "NOT_READY", "%q cannot be used yet", rule)
	}
	return c, nil
}

func (c condition) Evaluate(asked *criterion.Case) (criterion.Verdict, error) {
	f := asked.Facts
	switch c.verb {
	case "count":
		return criterion.Verdict{Belongs: f.Orders.Count >= c.n}, nil
	case "below":
		return criterion.Verdict{Belongs: f.Orders.Count < c.n}, nil
	case "idle":
		if f.Orders.LastTime.IsZero() {
			return criterion.Verdict{}, nil
		}
		at := f.Orders.LastTime.AddDate(0, 0, int(c.n))
		if asked.At.Before(at) {
			return criterion.Verdict{Until: at}, nil
		}
		return criterion.Verdict{Belongs: true}, nil
	case "each":
		if f.Orders.Count == 0 {
			return criterion.Verdict{}, fault.New(fault.FailedPrecondition, "RULE_EVALUATION_FAILED", "division by zero")
		}
		return criterion.Verdict{Belongs: 10/f.Orders.Count >= c.n}, nil
	case "list":
		return criterion.Verdict{Belongs: slices.Contains(f.Lists, c.name)}, nil
	}
	in, err := asked.In(c.name)
	return criterion.Verdict{Belongs: in == (c.verb == "in")}, err
}

func (c condition) Reads() []string { return reads }

// reads are facts of which one describes the person.
var reads = []string{"customer.city", "orders.count", "orders.last_time"}

func (c condition) Segments() []string {
	if c.verb == "in" || c.verb == "out" {
		return []string{c.name}
	}
	return nil
}

func (c condition) Explain(*criterion.Case) criterion.Explanation { return criterion.Explanation{} }

func criteria(_ context.Context, s domain.Segment) (criterion.Criterion, error) {
	c, err := parse(s.Definition.Rule)
	return c, err
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// still feeds bring nothing: the tests put the facts.
type still struct{}

func (still) Follow(context.Context) (bool, error)                 { return false, nil }
func (still) Synced(context.Context) (map[string]time.Time, error) { return nil, nil }

func (still) CatchUp(context.Context, time.Time) error { return nil }

// world is a process on a store.
type world struct {
	*standing.Standings
	worker *standing.Worker
	facts  *facts.Store
	store  *store.Store
	clock  *clock
	engine docstore.Engine
}

// newWorld has the data keys beside the data.
func newWorld(t fataler, engine docstore.Engine, c *clock) *world {
	t.Helper()
	return newWorldOn(t, engine, engine, c)
}

func newWorldOn(t fataler, engine, keys docstore.Engine, c *clock) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{clock: c, engine: engine}
	var err error
	w.store, err = store.Open(ctx, engine, c.Now)
	must(t, err)
	v := vaulttest.On(t, keys)
	w.facts, err = facts.Open(ctx, engine, v, c.Now)
	must(t, err)
	w.Standings, err = standing.Open(ctx, engine, v, w.store.Segments, standing.DefaultConfig(), c.Now)
	must(t, err)
	w.worker = standing.NewWorker(standing.Parts{
		Standings: w.Standings, Engine: engine, Facts: w.facts, Touched: w.facts.Touched, Feeds: still{}, Criteria: criteria,
		Generations: w.store.Generations, Erasures: w.store.Erasures, Log: slog.New(slog.DiscardHandler),
	})
	w.worker.Small(2, 2)
	return w
}

// define creates a segment that is to be formed.
func (w *world) define(t fataler, id, rule string) {
	t.Helper()
	w.create(t, id, rule, domain.Published)
}

func (w *world) create(t fataler, id, rule string, state domain.State) {
	t.Helper()
	born, err := w.store.Generations.Next(context.Background())
	must(t, err)
	must(t, w.store.Segments.Insert(context.Background(), &domain.Segment{
		ID: id, Definition: domain.Definition{Rule: rule}, Revision: 1, State: state, Wanted: true, Born: born,
	}))
}

func (w *world) change(t fataler, id string, change func(*domain.Segment)) {
	t.Helper()
	_, err := w.store.Segments.Change(context.Background(), id, func(s *domain.Segment) error {
		change(s)
		return nil
	})
	must(t, err)
}

func (w *world) redefine(t fataler, id, rule string) {
	t.Helper()
	w.change(t, id, func(s *domain.Segment) {
		if s.Definition.Rule != rule {
			s.Definition.Rule = rule
			s.Revision++
		}
	})
}

func (w *world) remove(t fataler, id string) {
	t.Helper()
	must(t, w.store.Segments.Delete(context.Background(), id, w.segment(t, id).Version))
}

func (w *world) segment(t fataler, id string) domain.Segment {
	t.Helper()
	s, err := w.store.Segments.Get(context.Background(), id)
	must(t, err)
	return s
}

// cityOf is what the customers' records say.
func cityOf(id string) string { return "Quetzaltenango-" + id }

// put makes a customer known with so many orders, the last so many days ago.
func (w *world) put(t fataler, id string, count int64, days int) {
	t.Helper()
	f := &facts.Facts{Customer: facts.Customer{ID: id, City: cityOf(id)}, Orders: facts.Orders{Count: count}}
	if count > 0 {
		f.Orders.LastTime = w.clock.Now().AddDate(0, 0, -days)
	}
	_, err := w.facts.Put(context.Background(), []facts.Change{{Customer: id, Facts: f, Parts: facts.AllParts}})
	must(t, err)
}

func (w *world) forget(t fataler, id string, cause facts.Cause) {
	t.Helper()
	_, err := w.facts.Put(context.Background(), []facts.Change{{Customer: id, Cause: cause}})
	must(t, err)
}

func (w *world) round(t fataler) {
	t.Helper()
	must(t, w.worker.Round(context.Background()))
}

// members pages through the present list, and checks that it agrees with its count.
func (w *world) members(t fataler, id string) []domain.Membership {
	t.Helper()
	return w.membersAsOf(t, id, 0)
}

// membersAsOf is members of the list of a generation.
func (w *world) membersAsOf(t fataler, id string, generation int64) []domain.Membership {
	t.Helper()
	var all []domain.Membership
	after := ""
	for {
		page, err := w.Members(context.Background(), id, generation, after, 2)
		must(t, err)
		all = append(all, page.Members...)
		if !page.More {
			if page.Total != int64(len(all)) {
				t.Fatalf("segment %s: %d are listed, %d counted", id, len(all), page.Total)
			}
			return all
		}
		after, generation = all[len(all)-1].Customer, page.Generation
	}
}

func ids(members []domain.Membership) []string {
	var all []string
	for _, m := range members {
		all = append(all, m.Customer)
	}
	return all
}

func (w *world) wantMembers(t fataler, id string, want ...string) {
	t.Helper()
	if got := ids(w.members(t, id)); !slices.Equal(got, want) {
		t.Fatalf("members of %s are %q, want %q", id, got, want)
	}
	if got := w.segment(t, id).Formed.Members; got != int64(len(want)) {
		t.Fatalf("segment %s counts %d, want %d", id, got, len(want))
	}
}

// transitions are all moves of a segment, the oldest first.
func (w *world) transitions(t fataler, id string) []standing.Move {
	t.Helper()
	var all []standing.Move
	var after *docstore.Position
	for {
		page, err := w.Moves(context.Background(), id, after, 3)
		must(t, err)
		all = append(all, page.Moves...)
		if after = page.Next; after == nil {
			slices.Reverse(all)
			return all
		}
	}
}

// feed reads the whole feed by a few.
func (w *world) feed(t fataler) []standing.Move {
	t.Helper()
	var all []standing.Move
	cursor := ""
	for {
		batch, err := w.Feed(context.Background(), cursor, 3)
		must(t, err)
		all = append(all, batch.Moves...)
		if cursor = batch.Cursor; !batch.More {
			return all
		}
	}
}
