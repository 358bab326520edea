package facts_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// clock goes on when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func onPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func onBothEngines(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("pebble", func(t *testing.T) { test(t, onPebble(t)) })
	t.Run("mongo", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

func open(t testing.TB, e docstore.Engine, now func() time.Time) *facts.Store {
	t.Helper()
	s, err := facts.Open(context.Background(), e, vaulttest.On(t, e), now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// someone is a customer of whom all parts are known to be as good as nothing.
func someone(id, city string) facts.Change {
	return facts.Change{
		Customer: id, Parts: facts.AllParts,
		Facts: &facts.Facts{Customer: facts.Customer{ID: id, City: city}},
	}
}

func put(t testing.TB, s *facts.Store, changes ...facts.Change) []string {
	t.Helper()
	changed, err := s.Put(t.Context(), changes)
	must(t, err)
	return changed
}

// work is who is due, by cause, in the order taken; it is done then.
func work(t testing.TB, s *facts.Store) (all []facts.Work) {
	t.Helper()
	all, err := s.Touched.Take(t.Context(), 1000)
	must(t, err)
	ids := make([]string, len(all))
	for i, w := range all {
		ids[i] = w.ID
		all[i].ID = ""
	}
	must(t, s.Touched.Done(t.Context(), ids))
	return all
}

func scan(t testing.TB, s *facts.Store, from, to string) (ids []string) {
	t.Helper()
	for f, err := range s.Scan(t.Context(), from, to, facts.AllParts) {
		must(t, err)
		ids = append(ids, f.Customer.ID)
	}
	return ids
}
