package app_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

const benchBatch = 2000

// nextOrders makes the n-th batch of new orders of 50,000 customers.
func nextOrders(rng *rand.Rand, n int) []domain.Order {
	orders := make([]domain.Order, benchBatch)
	for i := range orders {
		at := n*benchBatch + i
		orders[i] = domain.Order{
			Customer: fmt.Sprintf("C%07d", rng.IntN(50_000)), ID: fmt.Sprintf("2024%010d", at),
			Time: time.UnixMilli(1.7e12 + int64(at)*1000), Currency: "CNY", Amount: rng.Int64N(100_000),
			Discount: domain.Known(rng.Int64N(1000)), Cost: domain.Known(rng.Int64N(50_000)),
			Channel: "tmall", PaymentMethod: "alipay", Status: domain.Paid, Row: int64(at + 1),
		}
	}
	return orders
}

// BenchmarkRecordOrders compares recording 200,000 new orders with the same
// documents and index entries put into Pebble alone, in synced batches of the
// same size, one after the other. The ratio is that of their speeds.
func BenchmarkRecordOrders(b *testing.B) {
	const batches = 100
	var through, alone time.Duration
	var size int
	for b.Loop() {
		took, writes := recordAll(b, batches)
		through += took
		alone += writeAlone(b, writes)
		size = len(writes[0][0].Doc)
	}
	orders := float64(b.N * batches * benchBatch)
	b.ReportMetric(alone.Seconds()/through.Seconds(), "ratio")
	b.ReportMetric(orders/through.Seconds(), "orders/s")
	b.ReportMetric(orders/alone.Seconds(), "bare-orders/s")
	b.ReportMetric(float64(size), "bytes/order")
	b.ReportMetric(0, "ns/op")
}

// recordAll records batches of new orders, and returns how long that took and
// what was stored.
func recordAll(b *testing.B, batches int) (took time.Duration, stored [][]docstore.Entry) {
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	must(b, err)
	defer func() { must(b, engine.Close()) }()
	collections, err := store.Open(b.Context(), engine, vaulttest.On(b, engine), time.Now)
	must(b, err)
	a := app.New(collections, time.Now)
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range batches {
		orders := nextOrders(rng, n)
		start := time.Now()
		outcomes, err := a.RecordOrders(b.Context(), orders, domain.Source{Import: "bench"})
		must(b, err)
		took += time.Since(start)
		batch := make([]docstore.Entry, len(orders))
		for i, o := range orders {
			if outcomes[i].Effect != app.Created {
				b.Fatalf("order %d: %+v", i, outcomes[i])
			}
			batch[i].ID = docstore.ID(o.Customer, o.ID)
		}
		stored = append(stored, batch)
	}
	layout := docstore.Layout{Name: "orders", Indexes: []string{"tombstones", "changes"}}
	table, err := engine.Table(b.Context(), layout)
	must(b, err)
	for _, batch := range stored {
		for i := range batch {
			batch[i].Doc, err = table.Get(b.Context(), batch[i].ID)
			must(b, err)
		}
	}
	layout.Name = "customers" // which were created on the way
	table, err = engine.Table(b.Context(), layout)
	must(b, err)
	at := 0
	for entry, err := range table.Scan(b.Context(), docstore.Range{}) {
		must(b, err)
		entry.Doc = slices.Clone(entry.Doc)
		n := at % batches
		stored[n], at = append(stored[n], entry), at+1
	}
	for _, batch := range stored {
		for i := range batch {
			batch[i].Key = batch[i].Doc.Lookup("keys", "changes").StringValue()
		}
	}
	return took, stored
}

// writeAlone puts documents and index entries into Pebble without asking anything.
func writeAlone(b *testing.B, batches [][]docstore.Entry) (took time.Duration) {
	db, err := pebble.Open(b.TempDir(), &pebble.Options{MemTableSize: 16 << 20, Logger: quiet{}})
	must(b, err)
	defer func() { must(b, db.Close()) }()
	start := time.Now()
	for _, entries := range batches {
		batch := db.NewBatch()
		for _, e := range entries {
			must(b, batch.Set([]byte("orders\x00d"+e.ID), e.Doc, nil))
			must(b, batch.Set([]byte("orders\x00ichanges\x00"+e.Key+"\x00"+e.ID), nil, nil))
		}
		must(b, batch.Commit(pebble.Sync))
	}
	return time.Since(start)
}

// quiet drops Pebble's chatter.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}
