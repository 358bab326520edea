package merging_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/merging"
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

// fixture is the merger, and what it works on, on an engine.
type fixture struct {
	*merging.Merger
	app   *app.App
	store *store.Store
	clock *clock
}

func start(t testing.TB, e docstore.Engine, c *clock) *fixture {
	t.Helper()
	ctx := context.Background()
	vault := vaulttest.On(t, e)
	s, err := store.Open(ctx, e, vault, c.now)
	must(t, err)
	m, err := merging.New(ctx, e, vault, s.Customers, c.now)
	must(t, err)
	return &fixture{m, app.New(s, c.now), s, c}
}

// fataler is what a test and a property have in common.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func freshPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	must(t, err)
	return e
}

func onPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e := freshPebble(t)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return e
}

// onEach runs a test on every engine. Without a MongoDB that half is skipped, and
// says so.
func onEach(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("Pebble", func(t *testing.T) { test(t, onPebble(t)) })
	t.Run("MongoDB", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

// customers creates some with nothing but their ids and a name.
func (f *fixture) customers(t testing.TB, ids ...string) {
	t.Helper()
	for _, id := range ids {
		_, err := f.app.CreateCustomer(t.Context(), domain.Customer{ID: id, Details: domain.Details{DisplayName: "name of " + id}}, false)
		must(t, err)
	}
}

func (f *fixture) join(ctx context.Context, survivor string, merged ...string) (merging.Record, error) {
	return f.Merge(ctx, merging.Command{Survivor: survivor, Merged: merged, Actor: "test"})
}

func (f *fixture) cut(ctx context.Context, customer string) error {
	_, _, err := f.Unmerge(ctx, merging.Cut{Customer: customer}, "test")
	return err
}

// groups are the customers of more than one record, e.g. "a: b c; d: e".
func (f *fixture) groups(t testing.TB) string {
	t.Helper()
	forest, err := f.store.Customers.Forest(t.Context())
	must(t, err)
	var groups []string
	for _, root := range forest.Roots() {
		groups = append(groups, root+": "+strings.Join(forest.Members(root)[1:], " "))
	}
	slices.Sort(groups)
	return strings.Join(groups, "; ")
}

// settled checks that nothing is under way: every mark is a link that holds, and
// the journal tells of each merge that is in force, and of no other.
func (f *fixture) settled(t testing.TB) {
	t.Helper()
	forest, err := f.store.Customers.Forest(t.Context())
	must(t, err)
	held := map[string]string{}
	marked, err := f.store.Customers.Linked(t.Context(), nil, 5000)
	must(t, err)
	for _, id := range marked.Items {
		record, err := f.store.Customers.Get(t.Context(), id)
		must(t, err)
		if forest.Root(id) == id {
			t.Errorf("%s is left with a mark: %+v", id, record.Links.Into)
		}
		held[id] = record.Links.Into.Merge
	}
	told := map[string]string{}
	journal, err := f.Page(t.Context(), "", nil, 5000)
	must(t, err)
	for _, r := range journal.Items {
		if !r.Open.IsZero() {
			t.Errorf("a step of %+v is left open", r)
		}
		for _, p := range r.Parts {
			if !p.Cut {
				told[p.Customer] = r.ID
			}
			of, err := f.Page(t.Context(), p.Customer, nil, 1000)
			must(t, err)
			if !slices.ContainsFunc(of.Items, func(other merging.Record) bool { return other.ID == r.ID }) {
				t.Errorf("the journal of %s does not tell of %s", p.Customer, r.ID)
			}
		}
	}
	if fmt.Sprint(held) != fmt.Sprint(told) {
		t.Errorf("links %.300v, journal %.300v", fmt.Sprint(held), fmt.Sprint(told))
	}
}

// failing is an engine of which every write fails, before or after it is done,
// once a number of them has passed.
type failing struct {
	docstore.Engine
	left  atomic.Int64
	after bool
}

var errDown = errors.New("the engine is down")

func (f *failing) heal() { f.left.Store(1 << 30) }

func (f *failing) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := f.Engine.Table(ctx, layout)
	return &failingTable{table, f}, err
}

type failingTable struct {
	docstore.Table
	engine *failing
}

func (t *failingTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	left := t.engine.left.Add(-1)
	if left >= 0 {
		return t.Table.Write(ctx, writes)
	}
	if t.engine.after && left == -1 {
		_, _ = t.Table.Write(ctx, writes)
	}
	return nil, errDown
}

func (t *failingTable) Get(ctx context.Context, id string) (bson.Raw, error) {
	if t.engine.left.Load() < 0 {
		return nil, errDown
	}
	return t.Table.Get(ctx, id)
}

func (t *failingTable) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	if t.engine.left.Load() < 0 {
		return nil, errDown
	}
	return t.Table.GetMany(ctx, ids)
}

// reason is that of a refusal, "ok" for none.
func reason(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.ReasonOf(err)
}

// holding is an engine that does something before one of its writes.
type holding struct {
	docstore.Engine
	left atomic.Int64
	do   func()
}

func (h *holding) hold(n int, do func()) {
	h.do = do
	h.left.Store(int64(n) + 1)
}

func (h *holding) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := h.Engine.Table(ctx, layout)
	return &holdingTable{table, h}, err
}

type holdingTable struct {
	docstore.Table
	engine *holding
}

func (t *holdingTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	if t.engine.left.Add(-1) == 0 {
		t.engine.do()
	}
	return t.Table.Write(ctx, writes)
}
