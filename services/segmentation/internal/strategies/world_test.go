package strategies

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// mortal is an engine of a process that can die: from a certain write on it performs
// none, until it is revived. The last one may be performed and its answer lost.
type mortal struct {
	docstore.Engine
	left      atomic.Int64 // writes to live; below 0 for ever
	lastDoes  atomic.Bool
	unlimited atomic.Bool
}

func (m *mortal) dieAfter(writes int, lastDoes bool) {
	m.left.Store(int64(writes))
	m.lastDoes.Store(lastDoes)
	m.unlimited.Store(false)
}

func (m *mortal) revive() { m.unlimited.Store(true) }

func (m *mortal) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := m.Engine.Table(ctx, layout)
	return &mortalTable{table, m}, err
}

type mortalTable struct {
	docstore.Table
	of *mortal
}

func (t *mortalTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	if t.of.unlimited.Load() {
		return t.Table.Write(ctx, writes)
	}
	switch left := t.of.left.Add(-1); {
	case left > 0:
		return t.Table.Write(ctx, writes)
	case left == 0 && t.of.lastDoes.Load():
		if _, err := t.Table.Write(ctx, writes); err != nil {
			return nil, err
		}
	}
	return nil, context.DeadlineExceeded
}

// fails is what a test or rapid offers to give up.
type fails interface {
	Helper()
	Fatalf(format string, args ...any)
}

// base is what the room knows of customers, segments and moves: of others, in memory.
type base struct {
	clock time.Time
	moves []Move
	in    map[string]map[string]bool // segment → customers
	known map[string]*facts.Facts
	// refuses are customers who do not allow marketing, held whom a campaign holds out.
	refuses, held map[string]bool
	measured      map[string]Measurement
	generation    int64
}

func newBase() *base {
	return &base{
		clock: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), in: map[string]map[string]bool{}, known: map[string]*facts.Facts{},
		refuses: map[string]bool{}, held: map[string]bool{}, measured: map[string]Measurement{},
	}
}

func (b *base) now() time.Time { return b.clock }

// customer makes a customer with so many orders of 100.00 CNY each.
func (b *base) customer(id string, orders int) *facts.Facts {
	f := &facts.Facts{Customer: facts.Customer{ID: id}, Orders: facts.Orders{Count: int64(orders)}}
	for i := range orders {
		f.Orders.Recent = append(f.Orders.Recent, facts.Order{Time: b.clock.Add(time.Duration(i-orders) * time.Hour), Net: facts.Money{Currency: "CNY", Minor: 10_000}})
	}
	b.known[id] = f
	return f
}

// move has a customer enter a segment, or leave it where it is in.
func (b *base) move(segment, customer string) Move {
	b.generation++
	if b.in[segment] == nil {
		b.in[segment] = map[string]bool{}
	}
	m := Move{Segment: segment, Customer: customer, Left: b.in[segment][customer], At: b.clock, Generation: b.generation, Cause: "ORDERS"}
	if m.Left {
		delete(b.in[segment], customer)
	} else {
		b.in[segment][customer] = true
	}
	b.moves = append(b.moves, m)
	return m
}

// Feed has the place in moves for its cursor.
func (b *base) Feed(_ context.Context, cursor string, limit int) ([]Move, string, error) {
	from, _ := strconv.Atoi(cursor)
	to := min(len(b.moves), from+limit)
	return b.moves[from:to], strconv.Itoa(to), nil
}

func (b *base) Check(_ context.Context, field, segment string) error {
	if segment == "nowhere" {
		return fault.Invalid(field, "must name a segment that there is")
	}
	return nil
}

func (b *base) Of(_ context.Context, customers []string) ([][]Stay, error) {
	all := make([][]Stay, len(customers))
	for i, c := range customers {
		for _, segment := range slices.Sorted(maps.Keys(b.in)) {
			if b.in[segment][c] {
				all[i] = append(all[i], Stay{Segment: segment, Since: b.clock.Add(-time.Hour)})
			}
		}
	}
	return all, nil
}

func (b *base) Criterion(_ context.Context, segment string) (criterion.Criterion, error) {
	return member(segment), nil
}

// member is the criterion of a segment that is what the base says.
type member string

func (m member) Evaluate(c *criterion.Case) (criterion.Verdict, error) {
	in, err := c.In(string(m))
	return criterion.Verdict{Belongs: in}, err
}
func (member) Reads() []string    { return nil }
func (member) Segments() []string { return nil }
func (m member) Explain(c *criterion.Case) criterion.Explanation {
	in, _ := c.In(string(m))
	return criterion.Explanation{Belongs: in, Conditions: criterion.Condition{
		Text: "member of " + string(m), Holds: in, Decided: true,
		Values: []criterion.Value{{Fact: "orders.count", Text: fmt.Sprint(c.Facts.Orders.Count)}},
	}}
}

// Compile knows "orders.count >= N" and "1/0".
func (b *base) Compile(_ context.Context, expression string) (criterion.Criterion, error) {
	if expression == "1/0" {
		return orders(-1), nil
	}
	var n int64
	if _, err := fmt.Sscanf(expression, "orders.count >= %d", &n); err != nil {
		f := fault.Invalid("rule.expression", "line 1, column 1: is none")
		f.Reason = "RULE_SYNTAX"
		return nil, f
	}
	return orders(n), nil
}

// orders holds for those with so many orders or more; of -1 it cannot be told.
type orders int64

func (n orders) Evaluate(c *criterion.Case) (criterion.Verdict, error) {
	if n < 0 {
		return criterion.Verdict{}, fault.New(fault.FailedPrecondition, "RULE_FAILED", "division by zero")
	}
	return criterion.Verdict{Belongs: c.Facts.Orders.Count >= int64(n)}, nil
}
func (orders) Reads() []string    { return []string{"orders.count"} }
func (orders) Segments() []string { return nil }
func (n orders) Explain(c *criterion.Case) criterion.Explanation {
	holds := c.Facts.Orders.Count >= int64(n)
	return criterion.Explanation{Belongs: holds, Conditions: criterion.Condition{
		Text: fmt.Sprintf("orders.count >= %d", n), Holds: holds, Decided: true,
		Values: []criterion.Value{{Fact: "orders.count", Text: fmt.Sprint(c.Facts.Orders.Count)}},
	}}
}

func (b *base) GetMany(_ context.Context, customers []string, _ facts.Part) ([]*facts.Facts, error) {
	found := make([]*facts.Facts, len(customers))
	for i, c := range customers {
		found[i] = b.known[c]
	}
	return found, nil
}

func (b *base) Allowed(_ context.Context, _ string, customers []string) ([]bool, error) {
	allowed := make([]bool, len(customers))
	for i, c := range customers {
		allowed[i] = !b.refuses[c]
	}
	return allowed, nil
}

func (b *base) HeldOut(_ context.Context, customer, _, _ string) (string, error) {
	if b.held[customer] {
		return "spring", nil
	}
	return "", nil
}

func (b *base) Measured(_ context.Context, campaign string) (Measurement, error) {
	m, known := b.measured[campaign]
	if !known {
		return m, fault.New(fault.NotFound, "CAMPAIGN_NOT_FOUND", "there is no campaign %q", campaign)
	}
	return m, nil
}

func (b *base) Style(_ context.Context, customer string) (StyleFound, error) {
	if customer == "c-dominant" {
		return StyleFound{Dominant, 0.9, Text{"Be quick.", "要快。"}}, nil
	}
	return StyleFound{}, nil
}

// automation is that of a process of its own.
func (b *base) automation(s *Store) *Automation {
	return &Automation{Store: s, Moves: b, Rules: b, Segments: b, Facts: b, Consents: b, Campaigns: b}
}

func openMemory() (docstore.Engine, error) {
	return pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
}

// all are the events there are.
func all(t fails, s *Store) []*Event {
	t.Helper()
	found, _, err := s.Events(context.Background(), EventFilter{}, nil, 0)
	if err != nil {
		t.Fatalf("events: %v", err)
	}
	return found
}
