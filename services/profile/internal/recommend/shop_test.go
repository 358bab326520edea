package recommend

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func onPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 8 << 20})
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	return e
}

// onEach runs a test on every engine. Without a MongoDB that half is skipped, and
// says so.
func onEach(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("Pebble", func(t *testing.T) { test(t, onPebble(t)) })
	t.Run("MongoDB", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a time that tests move on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// shop is a room with the orders that a test makes.
type shop struct {
	t      testing.TB
	store  *store.Store
	room   *Room
	server *Server
	rights *consents.Server
	clock  *clock
}

func open(t testing.TB, engine docstore.Engine, events Events) *shop {
	t.Helper()
	ctx := t.Context()
	c := &clock{now: time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)}
	v := vaulttest.On(t, engine)
	s, err := store.Open(ctx, engine, v, c.Now)
	must(t, err)
	decided, err := consents.Open(ctx, engine, v, s.Customers, c.Now)
	must(t, err)
	operations, err := operation.NewManager(ctx, engine, operation.Config{
		Service: "profile", Poll: 10 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	must(t, err)
	room, err := Open(ctx, Deps{
		Engine: engine, Orders: s.Orders, Events: events, Consents: consents.NewGuard(decided, nil), Operations: operations, Clock: c.Now,
		Known: func(ctx context.Context, id string) error { _, err := s.Customers.View(ctx, id); return err },
	})
	must(t, err)
	serving, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- operations.Serve(serving) }()
	t.Cleanup(func() { stop(); must(t, <-done) })
	return &shop{t, s, room, NewServer(room), consents.NewServer(decided), c}
}

// buys records an order of some items, each "sku" or "sku:category".
func (s *shop) buys(customer string, day time.Time, items ...domain.Item) {
	s.t.Helper()
	s.record(&domain.Order{
		Customer: customer, ID: day.Format(time.RFC3339), Time: day, Currency: "CNY", Amount: 100, Status: domain.Paid, Items: items,
	})
}

func (s *shop) record(orders ...*domain.Order) {
	s.t.Helper()
	errs, err := s.store.Orders.Write(s.t.Context(), orders)
	must(s.t, err)
	for _, err := range errs {
		must(s.t, err)
	}
}

func (s *shop) known(ids ...string) {
	s.t.Helper()
	var all []*domain.Customer
	for _, id := range ids {
		all = append(all, &domain.Customer{ID: id, CreatedAt: s.clock.Now()})
	}
	_, err := s.store.Customers.Write(s.t.Context(), all)
	must(s.t, err)
}

func of(sku, category string) domain.Item {
	return domain.Item{SKU: sku, QuantityMilli: 1000, Category: category}
}

// trains trains a model and returns it.
func (s *shop) trains(p *profilev1.RecommendationPolicy) *profilev1.RecommendationModel {
	s.t.Helper()
	o := s.operation(p)
	if o.GetError() != nil {
		s.t.Fatalf("training: %v", o.GetError())
	}
	m := &profilev1.RecommendationModel{}
	must(s.t, o.GetResponse().UnmarshalTo(m))
	return m
}

func (s *shop) operation(p *profilev1.RecommendationPolicy) *longrunningpb.Operation {
	s.t.Helper()
	o, err := s.server.TrainRecommendationModel(s.t.Context(), &profilev1.TrainRecommendationModelRequest{Policy: p})
	must(s.t, err)
	o, err = s.room.deps.Operations.Wait(s.t.Context(), o.GetName(), 5*time.Minute)
	must(s.t, err)
	return o
}

func (s *shop) suggestions(customer string) *profilev1.ListSuggestionsResponse {
	s.t.Helper()
	answer, err := s.server.ListSuggestions(s.t.Context(), &profilev1.ListSuggestionsRequest{Parent: "customers/" + customer})
	must(s.t, err)
	return answer
}

func skus(answer *profilev1.ListSuggestionsResponse) (all []string) {
	for _, s := range answer.GetSuggestions() {
		all = append(all, s.GetSku())
	}
	return all
}

func wantFault(t testing.TB, err error, reason string) {
	t.Helper()
	if fault.ReasonOf(err) != reason {
		t.Errorf("got %v, want %s", err, reason)
	}
}

func id(n int) string { return fmt.Sprintf("c%04d", n) }
