package analysis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
	"github.com/kehuhq/kehu/services/profile/internal/merging"
	customerstore "github.com/kehuhq/kehu/services/profile/internal/store"
)

// Size of the base of the benchmark.
const (
	benchCustomers = 50_000
	benchEvents    = 20 // of each customer
	benchOrders    = 5
)

var benchNow = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// BenchmarkAnalyses runs each kind of analysis over customers with events and
// orders on the embedded engine, and tells how many customers a second.
func BenchmarkAnalyses(b *testing.B) {
	s := benchServer(b)
	page := func(name string) *profilev1.EventSelector { return &profilev1.EventSelector{Type: name} }
	for _, kind := range []struct {
		name  string
		asked *profilev1.Analysis
	}{
		{"funnel", &profilev1.Analysis{Definition: &profilev1.Analysis_Funnel{Funnel: &profilev1.Funnel{
			Order: profilev1.FunnelOrder_FUNNEL_ORDER_ORDERED, Window: durationpb.New(240 * time.Hour),
			Steps: []*profilev1.FunnelStep{{Event: page("page")}, {Event: page("cart")}, {Event: page("order")}},
		}}}},
		{"funnel of properties", &profilev1.Analysis{Definition: &profilev1.Analysis_Funnel{Funnel: &profilev1.Funnel{
			Order: profilev1.FunnelOrder_FUNNEL_ORDER_ORDERED,
			Steps: []*profilev1.FunnelStep{{Event: &profilev1.EventSelector{Type: "page", Conditions: []*profilev1.Condition{{
				Field: "properties.path", Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_IS_KNOWN,
			}}}}, {Event: page("cart")}},
		}}}},
		{"paths", &profilev1.Analysis{Definition: &profilev1.Analysis_Paths{Paths: &profilev1.Paths{Direction: profilev1.PathDirection_PATH_DIRECTION_FROM}}}},
		{"retention", &profilev1.Analysis{TimeZone: "Asia/Shanghai", Definition: &profilev1.Analysis_Retention{Retention: &profilev1.Retention{
			Unit: profilev1.CalendarUnit_CALENDAR_UNIT_WEEK, StartTime: timestamppb.New(benchNow.AddDate(0, -3, 0)),
		}}}},
		{"portrait", &profilev1.Analysis{Definition: &profilev1.Analysis_Portrait{Portrait: &profilev1.Portrait{
			Attributes: []*profilev1.PortraitAttribute{{Field: "customer.region"}, {Field: "orders.revenue.CNY"}, {Field: "orders.recency_days"}},
		}}}},
		{"stages", &profilev1.Analysis{Definition: &profilev1.Analysis_JourneyStages{JourneyStages: &profilev1.JourneyStages{}}}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			for n := range b.N {
				op, err := s.CreateAnalysis(b.Context(), &profilev1.CreateAnalysisRequest{
					Analysis: kind.asked, AnalysisId: fmt.Sprintf("b-%s-%d-%d", kind.name[:3], b.N, n) + fmt.Sprint(len(kind.name)),
				})
				if err != nil {
					b.Fatal(err)
				}
				op, err = s.operations.Wait(b.Context(), op.GetName(), time.Hour)
				if err != nil || op.GetError() != nil {
					b.Fatal(err, op.GetError())
				}
			}
			b.ReportMetric(float64(benchCustomers)*float64(b.N)/b.Elapsed().Seconds(), "customers/s")
		})
	}
}

func benchServer(b *testing.B) *Server {
	ctx := b.Context()
	clock := func() time.Time { return benchNow }
	e, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	check(b, err)
	v := vaulttest.On(b, e)
	customers, err := customerstore.Open(ctx, e, v, clock)
	check(b, err)
	did, err := events.OpenStore(ctx, e, v, merging.NewFamilies(customers.Customers), clock)
	check(b, err)
	journeys, err := journey.OpenStore(ctx, e, v, clock)
	check(b, err)
	operations, err := operation.NewManager(ctx, e, operation.Config{Service: "profile", Parallel: 1})
	check(b, err)
	s, err := New(ctx, Deps{
		Engine: e, Reader: activity.NewReader(customers.Customers, customers.Orders, did), Journeys: journeys, Operations: operations, Clock: clock,
	})
	check(b, err)
	load(b, customers, did)
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- operations.Serve(serving) }()
	b.Cleanup(func() {
		stop()
		check(b, <-served)
		check(b, e.Close())
	})
	return s
}

func check(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}

// load writes the base, a thousand customers at a time.
func load(b *testing.B, s *customerstore.Store, did *events.Store) {
	rng := rand.New(rand.NewPCG(1, 2))
	kinds := []events.Type{events.Page, events.Page, events.Page, events.View, events.Search, events.Cart}
	for from := 0; from < benchCustomers; from += 1000 {
		var customers []*domain.Customer
		var orders []*domain.Order
		var batch []*events.Event
		for i := from; i < from+1000; i++ {
			id := fmt.Sprintf("c%07d", i)
			c := &domain.Customer{ID: id, CreatedAt: benchNow}
			c.Region = []string{"广东", "北京", "四川", "浙江"}[rng.IntN(4)]
			customers = append(customers, c)
			for k := range benchEvents {
				e := &events.Event{
					Sender: events.Customer(id), ID: fmt.Sprint(k), Type: kinds[rng.IntN(len(kinds))], Name: "Home",
					Received: benchNow.Add(-time.Duration(rng.IntN(90*24*3600)) * time.Second),
				}
				check(b, e.SetContent(&events.Content{Properties: map[string]any{"path": "/p/" + fmt.Sprint(rng.IntN(50))}}))
				check(b, e.Settle())
				batch = append(batch, e)
			}
			for k := range benchOrders {
				orders = append(orders, &domain.Order{
					Customer: id, ID: fmt.Sprint(k), Time: benchNow.Add(-time.Duration(rng.IntN(90*24*3600)) * time.Second),
					Currency: "CNY", Amount: rng.Int64N(100_000), CreatedAt: benchNow,
				})
			}
		}
		_, err := s.Customers.Write(b.Context(), customers)
		check(b, err)
		_, err = s.Orders.Write(b.Context(), orders)
		check(b, err)
		_, err = did.Write(b.Context(), batch)
		check(b, err)
	}
}
