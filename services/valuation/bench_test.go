package valuation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/valuation/internal/app"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/profile"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// crowd streams the histories of customers that it makes up as it goes: the
// memory that is measured is the valuation service's.
type crowd struct {
	profilev1.UnimplementedOrderServiceServer
	customers int
}

const ordersEach = 5

func (c crowd) StreamPurchaseHistories(_ *profilev1.StreamPurchaseHistoriesRequest, stream grpc.ServerStreamingServer[profilev1.StreamPurchaseHistoriesResponse]) error {
	random := rand.New(rand.NewPCG(1, 2))
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	codes := []string{"CNY"}
	batch := &profilev1.StreamPurchaseHistoriesResponse{}
	for i := range c.customers {
		h := &profilev1.PurchaseHistory{CustomerId: fmt.Sprintf("c%09d", i), CurrencyCodes: codes}
		for range ordersEach {
			h.OrderTimeMs = append(h.OrderTimeMs, begin+random.Int64N(700*24*3600*1000))
			amount := random.Int64N(50_000)
			h.NetMinor = append(h.NetMinor, amount)
			h.CostMinor = append(h.CostMinor, amount/2)
			h.DiscountMinor = append(h.DiscountMinor, unknown)
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

// benchCustomers is 100,000, or what KEHU_BENCH_CUSTOMERS says.
func benchCustomers(b *testing.B) int {
	text := os.Getenv("KEHU_BENCH_CUSTOMERS")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// stopwatch is the journal of a run that is not interrupted. It notes how long
// each stage takes.
type stopwatch struct {
	stage   string
	since   time.Time
	seconds map[string]float64
}

func (w *stopwatch) Checkpoint(context.Context, app.State) error { return nil }

func (w *stopwatch) Progress(_, _ int64, stage string) {
	if stage == w.stage {
		return
	}
	w.seconds[w.stage] += time.Since(w.since).Seconds()
	w.stage, w.since = stage, time.Now()
}

// BenchmarkRefresh values 100,000 customers with 500,000 orders on a disk. It
// reports orders per second, the seconds of each stage, and the peak of the
// resident memory of the whole process, fake profile included.
func BenchmarkRefresh(b *testing.B) {
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
	conn, _ := run(b, func(r grpc.ServiceRegistrar) { profilev1.RegisterOrderServiceServer(r, crowd{customers: customers}) })
	refresh := app.NewRefresh(s, profile.New(conn, time.Minute))
	policy := domain.Policy{AsOfDate: "2026-01-01", Zone: "Asia/Shanghai", Ties: domain.SharedTies, Threshold: domain.MeanThreshold}
	watch := stopwatch{seconds: map[string]float64{}}
	for generation := int64(1); b.Loop(); generation++ {
		watch.stage, watch.since = "reading", time.Now()
		summary, err := refresh.Run(b.Context(), fmt.Sprint(generation), policy, app.State{}, &watch)
		if err != nil {
			b.Fatal(err)
		}
		watch.Progress(0, 0, "purging")
		if summary.Customers != int64(customers) {
			b.Fatalf("%d customers, want %d", summary.Customers, customers)
		}
		b.StopTimer()
		if err := s.PurgeBelow(b.Context(), generation+1); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		watch.Progress(0, 0, "reading")
	}
	for stage, seconds := range watch.seconds {
		b.ReportMetric(seconds/float64(b.N), stage+"-s")
	}
	b.ReportMetric(float64(customers*ordersEach*b.N)/b.Elapsed().Seconds(), "orders/s")
	b.ReportMetric(peakMiB(b), "peak-MiB")
}

// BenchmarkStream reads all valuations of a refresh through gRPC.
func BenchmarkStream(b *testing.B) {
	customers := benchCustomers(b)
	conn, _ := run(b, func(r grpc.ServiceRegistrar) { profilev1.RegisterOrderServiceServer(r, crowd{customers: customers}) })
	c := serve(b, openPebble(b), conn, time.Now)
	c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "2026-01-01"})
	for b.Loop() {
		stream, err := c.StreamValuations(b.Context(), &valuationv1.StreamValuationsRequest{})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			batch, err := stream.Recv()
			if err != nil {
				if ended(err) != nil {
					b.Fatal(err)
				}
				break
			}
			n += len(batch.GetValuations())
		}
		if n != customers {
			b.Fatalf("%d valuations, want %d", n, customers)
		}
	}
	b.ReportMetric(float64(customers*b.N)/b.Elapsed().Seconds(), "valuations/s")
}

// peakMiB is the largest resident memory the process has had; 0 where the
// system does not tell.
func peakMiB(b *testing.B) float64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if text, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "kB")), 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	return 0
}

// BenchmarkErase erases one customer at a time of a base that has been refreshed
// three times, from all its files.
func BenchmarkErase(b *testing.B) {
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	conn, _ := run(b, func(r grpc.ServiceRegistrar) {
		profilev1.RegisterOrderServiceServer(r, crowd{customers: benchCustomers(b)})
	})
	c := serve(b, engine, conn, time.Now)
	for range 3 {
		c.refresh(policy("2026-01-31"))
	}
	i := 0
	for b.Loop() {
		i++
		if sections := c.eraseAll(fmt.Sprintf("c%09d", i*37)); sections[0].GetErased() == 0 {
			b.Fatalf("erased %v", sections)
		}
	}
}
