package valuation_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/valuation/internal/alerts"
	"github.com/kehuhq/kehu/services/valuation/internal/app"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/models"
	"github.com/kehuhq/kehu/services/valuation/internal/profile"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// livingCrowd streams customers who order at rates of their own and leave, five
// orders each on average.
type livingCrowd struct {
	profilev1.UnimplementedOrderServiceServer
	customers int
}

func (c livingCrowd) StreamPurchaseHistories(_ *profilev1.StreamPurchaseHistoriesRequest, stream grpc.ServerStreamingServer[profilev1.StreamPurchaseHistoriesResponse]) error {
	random := rand.New(rand.NewPCG(1, 2))
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	const day = 24 * 3600 * 1000
	codes := []string{"CNY"}
	batch := &profilev1.StreamPurchaseHistoriesResponse{}
	for i := range c.customers {
		h := &profilev1.PurchaseHistory{CustomerId: fmt.Sprintf("c%09d", i), CurrencyCodes: codes}
		at := end - random.Int64N(700*day)
		rate, leaves := 0.05*random.ExpFloat64(), 0.25*random.Float64()
		basket := 2000 + 8000*random.Float64()
		for at < end {
			paid := int64(basket * (0.5 + random.Float64()))
			h.OrderTimeMs = append(h.OrderTimeMs, at)
			h.NetMinor = append(h.NetMinor, paid)
			h.CostMinor = append(h.CostMinor, paid*6/10)
			h.DiscountMinor = append(h.DiscountMinor, unknown)
			if random.Float64() < leaves {
				break
			}
			at += int64(random.ExpFloat64() / rate * day)
		}
		if batch.Histories = append(batch.Histories, h); len(batch.Histories) < 2500 && i < c.customers-1 {
			continue
		}
		if err := stream.Send(batch); err != nil {
			return err
		}
		batch = &profilev1.StreamPurchaseHistoriesResponse{}
	}
	return nil
}

// BenchmarkRefreshPredicting is BenchmarkRefresh with models fitted, predictions
// made and alerts raised, of customers who are unlike each other. It reports the
// seconds of each stage, the orders of a customer, and the peak of the resident
// memory of the whole process, fake profile included.
func BenchmarkRefreshPredicting(b *testing.B) {
	customers := benchCustomers(b)
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	s, err := store.Open(b.Context(), engine, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	fitted, err := models.New(b.Context(), engine, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	conn, _ := run(b, func(r grpc.ServiceRegistrar) {
		profilev1.RegisterOrderServiceServer(r, livingCrowd{customers: customers})
	})
	warned, err := alerts.New(b.Context(), engine, s.Valuations, alias.New(profile.Merges(conn), nil), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	refresh := app.NewRefresh(s, profile.New(conn, time.Minute))
	refresh.Models, refresh.Alerts = fitted, warned
	policy := domain.Policy{AsOfDate: "2026-01-01", Zone: "Asia/Shanghai"}
	if err := policy.Normalize(time.Now()); err != nil {
		b.Fatal(err)
	}
	watch := stopwatch{seconds: map[string]float64{}}
	orders := 0.0
	for generation := int64(1); b.Loop(); generation++ {
		watch.stage, watch.since = "reading", time.Now()
		summary, err := refresh.Run(b.Context(), fmt.Sprint(generation), policy, app.State{}, &watch)
		if err != nil {
			b.Fatal(err)
		}
		watch.Progress(0, 0, "purging")
		if summary.Predictions == nil || summary.Predictions.Sums.Customers != int64(customers) {
			b.Fatalf("%d customers, predictions %+v", summary.Customers, summary.Predictions)
		}
		orders = float64(summary.Orders)
	}
	for stage, seconds := range watch.seconds {
		if stage != "purging" {
			b.ReportMetric(seconds/float64(b.N), stage+"-s")
		}
	}
	b.ReportMetric(orders/float64(customers), "orders/customer")
	b.ReportMetric(peakMiB(b), "peak-MiB")
}
