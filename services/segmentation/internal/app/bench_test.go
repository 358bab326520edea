package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/criteria"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// BenchmarkEstimate estimates a rule over a million customers (KEHU_BENCH_CUSTOMERS says
// otherwise) on the embedded engine, from disk. p50-ms and max-ms are of one estimate.
func BenchmarkEstimate(b *testing.B) {
	customers := 1_000_000
	if text := os.Getenv("KEHU_BENCH_CUSTOMERS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		customers = n
	}
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	keys, err := pebblestore.Open(b.TempDir(), pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = keys.Close() })
	known, err := facts.Open(b.Context(), engine, vaulttest.On(b, keys), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	fill(b, known, customers)
	opened, err := store.Open(b.Context(), engine, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	book, err := criteria.New(func(context.Context) ([]facts.Attribute, error) { return nil, nil }, nil, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	a := app.New(app.Parts{Store: opened, Facts: known, Criteria: book, Readable: anything, Clock: time.Now, Log: slog.Default()})
	rule := domain.Segment{Definition: domain.Definition{Rule: `orders.count >= 3 && customer.region == "广东" && days_since(orders.last_time) <= 90`}}
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		e, err := a.Estimate(b.Context(), rule, 0, 0)
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
		if len(took) == 1 {
			b.Logf("%d, %d to %d at %g, %s of %d in %d; the first took %s", e.Size, e.Low, e.High, e.Level, e.Method, e.Sample, e.Population, took[0])
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// fill makes customers up from a seed.
func fill(b *testing.B, known *facts.Store, n int) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	now := time.Now().UTC().Truncate(time.Millisecond)
	for at := 0; at < n; {
		var changes []facts.Change
		for ; len(changes) < 10_000 && at < n; at++ {
			f := &facts.Facts{Customer: facts.Customer{
				ID: fmt.Sprintf("c%07d", at), Kind: "INDIVIDUAL", Country: "CN", Region: []string{"广东", "北京", "上海"}[r.IntN(3)], City: fmt.Sprintf("城%d", r.IntN(20)),
			}}
			f.Orders.Count = r.Int64N(9)
			for i := range f.Orders.Count {
				f.Orders.LastTime = now.Add(-time.Duration(r.IntN(400*24)) * time.Hour)
				f.Orders.Recent = append(f.Orders.Recent, facts.Order{Time: f.Orders.LastTime, Net: facts.Money{Currency: "CNY", Minor: 100 * i}})
			}
			changes = append(changes, facts.Change{Customer: f.Customer.ID, Facts: f, Parts: facts.AllParts})
		}
		if _, err := known.Put(b.Context(), changes); err != nil {
			b.Fatal(err)
		}
	}
}
