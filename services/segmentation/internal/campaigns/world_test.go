package campaigns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// onBothEngines runs a test on the embedded engine and on MongoDB.
func onBothEngines(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("pebble", func(t *testing.T) {
		e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		test(t, e)
	})
	t.Run("mongo", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

// base is campaigns, facts, and segments in memory.
type base struct {
	testing.TB
	clock   time.Time
	store   *Store
	facts   *facts.Store
	members map[string][]string // segment → customers in the order of escaped ids
}

func newBase(t testing.TB, engine docstore.Engine) *base {
	t.Helper()
	b := &base{TB: t, clock: time.Date(2026, 4, 1, 8, 0, 0, 0, time.UTC), members: map[string][]string{}}
	var err error
	if b.store, err = OpenStore(t.Context(), engine, b.now); err != nil {
		t.Fatal(err)
	}
	if b.facts, err = facts.Open(t.Context(), engine, vaulttest.On(t, engine), b.now); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *base) now() time.Time { return b.clock }

// shop makes so many customers; every third is in "third", every fifth in "fifth".
func (b *base) shop(n int, orders func(i int) []facts.Order) (customers []string) {
	b.Helper()
	var changes []facts.Change
	for i := range n {
		id := fmt.Sprintf("c-%d%s", i, []string{"", "!", "客"}[i%3])
		f := &facts.Facts{Customer: facts.Customer{ID: id}}
		f.Orders.Recent = orders(i)
		f.Orders.Count = int64(len(f.Orders.Recent))
		changes = append(changes, facts.Change{Customer: id, Facts: f, Parts: facts.AllParts, Cause: facts.Cause{Kind: "PROFILE"}})
		customers = append(customers, id)
	}
	for part := range slices.Chunk(changes, 500) {
		if _, err := b.facts.Put(b.Context(), part); err != nil {
			b.Fatal(err)
		}
	}
	for i, id := range customers {
		if i%3 == 0 {
			b.members["third"] = append(b.members["third"], id)
		}
		if i%5 == 0 {
			b.members["fifth"] = append(b.members["fifth"], id)
		}
		b.members["all"] = append(b.members["all"], id)
	}
	for _, m := range b.members {
		slices.SortFunc(m, func(a, b string) int { return cmp.Compare(docstore.ID(a), docstore.ID(b)) })
	}
	return customers
}

func (b *base) Check(_ context.Context, field, segment string) error {
	if b.members[segment] == nil {
		return fault.Invalid(field, "there is no segment %q", segment)
	}
	return nil
}

func (b *base) Size(_ context.Context, segment string) (members, generation int64, err error) {
	return int64(len(b.members[segment])), 7, nil
}

func (b *base) Members(_ context.Context, segment string, generation int64, after string, size int) ([]string, bool, error) {
	all := b.members[segment]
	i := slices.IndexFunc(all, func(c string) bool { return docstore.ID(c) > docstore.ID(after) || after == "" })
	if i < 0 || generation != 7 {
		return nil, false, nil
	}
	size = min(size, 20) // so that there are several parts
	return slices.Clone(all[i:min(i+size, len(all))]), i+size < len(all), nil
}

func (b *base) In(_ context.Context, customers []string) ([][]string, error) {
	in := make([][]string, len(customers))
	for i, c := range customers {
		for segment, members := range b.members {
			if slices.Contains(members, c) {
				in[i] = append(in[i], segment)
			}
		}
	}
	return in, nil
}

// Compile knows "orders.count >= N".
func (b *base) Compile(_ context.Context, expression string) (criterion.Criterion, error) {
	var n int64
	if _, err := fmt.Sscanf(expression, "orders.count >= %d", &n); err != nil {
		return nil, fault.Invalid("rule.expression", "line 1, column 1: is none")
	}
	return orders(n), nil
}

type orders int64

func (n orders) Evaluate(c *criterion.Case) (criterion.Verdict, error) {
	return criterion.Verdict{Belongs: c.Facts.Orders.Count >= int64(n)}, nil
}
func (orders) Reads() []string                               { return []string{"orders.count"} }
func (orders) Segments() []string                            { return nil }
func (orders) Explain(*criterion.Case) criterion.Explanation { return criterion.Explanation{} }

// journal is a run that dies at a checkpoint: before it is written, or behind it.
type journal struct {
	kept    StartState
	left    int // checkpoints to live; below 0 for ever
	written bool
}

var errDied = errors.New("died")

func (j *journal) Checkpoint(_ context.Context, state StartState) error {
	if j.left == 0 {
		if j.written {
			j.kept = clone(state)
		}
		return errDied
	}
	j.left--
	j.kept = clone(state)
	return nil
}
func (j *journal) Progress(int64, int64, string) {}

func clone(s StartState) StartState {
	s.Overlaps = slices.Clone(s.Overlaps)
	return s
}

func (b *base) starter() *Starter {
	return &Starter{Store: b.store, Rules: b, Segments: b, Facts: b.facts, Over: func(context.Context, string) (bool, error) { return true, nil }}
}

func (b *base) insert(c *Campaign) {
	b.Helper()
	c.NameEn, c.Currency, c.State = "Test", "CNY", Draft
	if err := c.check(); err != nil {
		b.Fatal(err)
	}
	if err := b.store.Insert(b.Context(), c); err != nil {
		b.Fatal(err)
	}
}

func (b *base) start(id string) *Campaign {
	b.Helper()
	c, err := b.starter().Start(b.Context(), id, "operations/"+id, StartState{}, &journal{left: -1})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// listed are the customers of a campaign with their arms.
func (b *base) listed(id string) map[string]Arm {
	b.Helper()
	c, err := b.store.Get(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	found := map[string]Arm{}
	last := ""
	for docs, err := range b.store.all(b.Context(), c, "", 7) {
		if err != nil {
			b.Fatal(err)
		}
		for _, d := range docs {
			if d.ID <= last {
				b.Fatalf("%s comes behind %s", d.ID, last)
			}
			last, found[d.customer()] = d.ID, d.arm()
		}
	}
	held := int64(0)
	for _, arm := range found {
		if arm == HeldOut {
			held++
		}
	}
	if c.Population != int64(len(found)) || c.HeldOut != held || c.Treated != c.Population-held {
		b.Fatalf("campaign counts %d = %d + %d, and lists %d with %d held out", c.Population, c.Treated, c.HeldOut, len(found), held)
	}
	return found
}
