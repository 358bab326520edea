package valuation_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/app"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// movable is a clock that is moved by hand.
type movable struct {
	mu  sync.Mutex
	now time.Time
}

func (m *movable) clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *movable) move(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// sweeper removes what is not needed at a clock's time; over names the refreshes
// that are done.
func sweeper(t *testing.T, e docstore.Engine, m *movable) (*app.Sweeper, *store.Store) {
	t.Helper()
	s, err := store.Open(t.Context(), e, m.clock)
	if err != nil {
		t.Fatal(err)
	}
	return &app.Sweeper{Store: s, Over: func(context.Context, string) (bool, error) { return true, nil }, Keep: 24 * time.Hour, Clock: m.clock, Log: slog.New(slog.DiscardHandler)}, s
}

// kept counts the valuations and the spooled accounts of a generation.
func kept(t *testing.T, s *store.Store, generation int64) (valuations, accounts int) {
	t.Helper()
	for _, err := range s.Valuations.All(t.Context(), generation, store.Span{}) {
		if err != nil {
			t.Fatal(err)
		}
		valuations++
	}
	for _, err := range s.Spool.Accounts(t.Context(), generation) {
		if err != nil {
			t.Fatal(err)
		}
		accounts++
	}
	return valuations, accounts
}

func TestSupersededGenerations(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testSuperseded(t, engine.open(t)) })
	}
}

func testSuperseded(t *testing.T, e docstore.Engine) {
	m, shop := &movable{now: today}, smallShop()
	c := serve(t, e, serveShop(t, shop), m.clock)
	sweep, s := sweeper(t, e, m)
	wantKept := func(generation int64, valuations, accounts int) {
		t.Helper()
		if err := sweep.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v, a := kept(t, s, generation); v != valuations || a != accounts {
			t.Errorf("generation %d has %d valuations and %d accounts, want %d and %d", generation, v, a, valuations, accounts)
		}
	}
	n := len(oddIDs)
	c.refresh(policy("2025-05-31"))
	if v, a := kept(t, s, 1); v != n || a != n {
		t.Fatalf("%d valuations and %d accounts, want %d", v, a, n)
	}
	wantKept(1, n, 0) // the refresh is over: its spool is gone

	first, err := c.ListValuations(t.Context(), &valuationv1.ListValuationsRequest{PageSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	next := &valuationv1.ListValuationsRequest{PageSize: 1000, PageToken: first.GetNextPageToken()}
	shop.buy("a newcomer", time.Date(2025, 5, 3, 0, 0, 0, 0, time.UTC), 9_999_999, "CNY", unknown)
	c.refresh(policy("2025-05-31"))
	wantKept(1, n, 0)
	wantKept(2, n+1, 0)

	m.move(24*time.Hour - time.Millisecond)
	rest, err := c.ListValuations(t.Context(), next)
	if err != nil || len(rest.GetValuations()) != n-3 || rest.GetTotalSize() != int64(n) || rest.GetValuations()[0].GetGeneration() != 1 {
		t.Errorf("the pages of the first refresh go on with %v, %v", rest, err)
	}
	if old, err := c.stream(&valuationv1.StreamValuationsRequest{Generation: 1}); err != nil || len(old) != n {
		t.Errorf("the first refresh has %d, %v", len(old), err)
	}
	wantKept(1, n, 0)

	m.move(2 * time.Millisecond)
	_, err = c.ListValuations(t.Context(), next) // before it is swept and after
	wantError(t, err, codes.InvalidArgument, "PAGE_TOKEN_EXPIRED", "page_token")
	wantKept(1, 0, 0)
	wantKept(2, n+1, 0)
	_, err = c.ListValuations(t.Context(), next)
	wantError(t, err, codes.InvalidArgument, "PAGE_TOKEN_EXPIRED", "page_token")
	_, err = c.stream(&valuationv1.StreamValuationsRequest{Generation: 1})
	wantError(t, err, codes.NotFound, "GENERATION_NOT_FOUND", "")
	if all := c.list("", 2); len(all) != n+1 || all[0].GetCustomerId() != "a newcomer" {
		t.Errorf("the second refresh has %d", len(all))
	}
	m.move(1000 * time.Hour)
	wantKept(2, n+1, 0) // the last one stays
}
