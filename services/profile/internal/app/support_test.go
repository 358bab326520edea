package app_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// clock is a clock that tests move.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ms.Store(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// fixture is the use cases on an engine.
type fixture struct {
	*app.App
	engine docstore.Engine
	store  *store.Store
	clock  *clock
}

func start(t fataler, e docstore.Engine, c *clock) *fixture {
	t.Helper()
	s, err := store.Open(context.Background(), e, vaulttest.On(t, e), c.now)
	must(t, err)
	return &fixture{app.New(s, c.now), e, s, c}
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func ctx(t fataler) context.Context {
	if t, ok := t.(interface{ Context() context.Context }); ok {
		return t.Context()
	}
	return context.Background()
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func email(value string) domain.Identifier {
	return domain.Identifier{Type: domain.Email, Value: value}
}

func (f *fixture) order(customer, id string, amount int64) domain.Order {
	return domain.Order{Customer: customer, ID: id, Time: f.clock.now().Add(-time.Hour), Currency: "CNY", Amount: amount}
}

// told is outcomes as words: the effect, or the reason of the refusal.
func told(outcomes []app.Outcome) []string {
	words := make([]string, len(outcomes))
	for i, o := range outcomes {
		words[i] = map[app.Effect]string{app.Created: "created", app.Updated: "updated", app.Unchanged: "unchanged"}[o.Effect]
		if o.Fault != nil {
			words[i] = o.Fault.Reason
		}
	}
	return words
}

// consistent checks that every identifier of a customer is claimed for it and
// nobody else, and that no other claim is confirmed.
func (f *fixture) consistent(t *testing.T, identifiers ...domain.Identifier) {
	t.Helper()
	owner := map[domain.Identifier]string{}
	for c, err := range f.store.Customers.All(t.Context(), store.Span{}) {
		must(t, err)
		for _, i := range c.Identifiers {
			if other, taken := owner[i]; taken {
				t.Errorf("%v belongs to %q and %q", i, other, c.ID)
			}
			owner[i] = c.ID
		}
	}
	keys, err := f.store.Identifiers.Keys(identifiers)
	must(t, err)
	claims, err := f.store.Identifiers.GetMany(t.Context(), keys)
	must(t, err)
	for n, i := range identifiers {
		switch claim := claims[n]; {
		case claim == nil && owner[i] != "":
			t.Errorf("%v of %q is not claimed", i, owner[i])
		case claim != nil && claim.Customer != owner[i]:
			t.Errorf("%v of %q is claimed for %q", i, owner[i], claim.Customer)
		case claim != nil && !claim.Pending.IsZero():
			t.Errorf("the claim on %v is pending", i)
		}
	}
}

// failing is an engine of which every write fails, before or after it is done,
// once a number of them has passed.
type failing struct {
	docstore.Engine
	left   atomic.Int64
	after  bool
	before map[string]func() // done once, before the next write to a table
}

var errDown = errors.New("the engine is down")

// healthy returns a failing engine that does not fail yet.
func healthy(e docstore.Engine) *failing {
	f := &failing{Engine: e, before: map[string]func(){}}
	f.left.Store(1 << 30)
	return f
}

func (f *failing) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := f.Engine.Table(ctx, layout)
	return &failingTable{table, f, layout.Name}, err
}

type failingTable struct {
	docstore.Table
	engine *failing
	name   string
}

func (t *failingTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	if do := t.engine.before[t.name]; do != nil {
		delete(t.engine.before, t.name)
		do()
	}
	left := t.engine.left.Add(-1)
	if left >= 0 {
		return t.Table.Write(ctx, writes)
	}
	if t.engine.after && left == -1 {
		_, _ = t.Table.Write(ctx, writes)
	}
	return nil, errDown
}

func (t *failingTable) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	if t.engine.left.Load() < 0 {
		return nil, errDown
	}
	return t.Table.GetMany(ctx, ids)
}
