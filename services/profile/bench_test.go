package profile_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"go.mongodb.org/mongo-driver/v2/bson"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

const (
	benchOrders    = 300_000
	benchCustomers = 60_000
)

// BenchmarkStreamPurchaseHistories compares reading all histories, from the
// store and through gRPC, with an iterator of Pebble's over the same documents
// that looks up the same fields, turn and turn about.
func BenchmarkStreamPurchaseHistories(b *testing.B) {
	dir := b.TempDir()
	want := fill(b, dir)
	var bare, scanned, streamed time.Duration
	for b.Loop() {
		bare += timed(b, want, func() int64 { return scanAlone(b, dir) })
		engine, err := pebblestore.Open(dir, pebblestore.Options{})
		must(b, err)
		collections, err := store.Open(b.Context(), engine, vaulttest.On(b, engine), time.Now)
		must(b, err)
		scanned += timed(b, want, func() (sum int64) {
			for p, err := range collections.Orders.Purchases(b.Context(), store.Span{}, math.MaxInt64) {
				must(b, err)
				sum += p.Amount - p.Refunded
			}
			return sum
		})
		s, stop := start(b, engine)
		streamed += timed(b, want, func() int64 { return s.sum(b) })
		stop()
		must(b, engine.Close())
	}
	orders := float64(b.N * benchOrders)
	b.ReportMetric(bare.Seconds()/scanned.Seconds(), "scan-ratio")
	b.ReportMetric(bare.Seconds()/streamed.Seconds(), "ratio")
	b.ReportMetric(orders/bare.Seconds(), "bare-orders/s")
	b.ReportMetric(orders/scanned.Seconds(), "scan-orders/s")
	b.ReportMetric(orders/streamed.Seconds(), "orders/s")
	b.ReportMetric(0, "ns/op")
}

// sum streams all histories and adds up what was paid.
func (s *suite) sum(b *testing.B) (sum int64) {
	stream, err := s.orders.StreamPurchaseHistories(b.Context(), &profilev1.StreamPurchaseHistoriesRequest{})
	must(b, err)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return sum
		}
		must(b, err)
		for _, h := range m.GetHistories() {
			for _, net := range h.GetNetMinor() {
				sum += net
			}
		}
	}
}

func timed(b *testing.B, want int64, read func() int64) time.Duration {
	b.Helper()
	start := time.Now()
	if got := read(); got != want {
		b.Fatalf("the orders sum up to %d, want %d", got, want)
	}
	return time.Since(start)
}

// fill stores orders and returns the sum of their amounts.
func fill(b *testing.B, dir string) (sum int64) {
	engine, err := pebblestore.Open(dir, pebblestore.Options{})
	must(b, err)
	defer func() { must(b, engine.Close()) }()
	collections, err := store.Open(b.Context(), engine, vaulttest.On(b, engine), time.Now)
	must(b, err)
	rng := rand.New(rand.NewPCG(1, 1))
	var batch []*domain.Order
	for n := range benchOrders {
		o := &domain.Order{
			Customer: fmt.Sprintf("C%06d", rng.IntN(benchCustomers)), ID: fmt.Sprintf("2024%08d", n),
			Time: time.UnixMilli(1.7e12 + int64(n)*1000), Currency: "CNY", Amount: rng.Int64N(100_000),
			Cost: domain.Known(rng.Int64N(50_000)), Channel: "tmall", PaymentMethod: "alipay", Status: domain.Paid,
		}
		sum += o.Amount
		if batch = append(batch, o); len(batch) == 2000 || n == benchOrders-1 {
			_, err := collections.Orders.Write(b.Context(), batch)
			must(b, err)
			batch = nil
		}
	}
	return sum
}

// scanAlone reads the orders from Pebble itself.
func scanAlone(b *testing.B, dir string) (sum int64) {
	db, err := pebble.Open(dir, &pebble.Options{Cache: nil, CacheSize: 96 << 20, Logger: quiet{}, ReadOnly: true})
	must(b, err)
	defer func() { must(b, db.Close()) }()
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte("orders\x00d"), UpperBound: []byte("orders\x00e")})
	must(b, err)
	defer func() { must(b, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		doc := bson.Raw(it.Value())
		for _, field := range []string{"order_time", "currency", "cost", "status"} {
			if doc.Lookup(field).IsZero() {
				b.Fatalf("an order without %s", field)
			}
		}
		sum += doc.Lookup("amount").Int64() - doc.Lookup("refunded").Int64()
	}
	return sum
}

// quiet drops Pebble's chatter.
type quiet struct{}

func (quiet) Infof(string, ...any)              {}
func (quiet) Errorf(string, ...any)             {}
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
