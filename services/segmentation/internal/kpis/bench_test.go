package kpis

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// BenchmarkMeasure measures 20 segments with a third of the customers each, of which
// there are 100,000 (KEHU_BENCH_CUSTOMERS says otherwise), from disk.
func BenchmarkMeasure(b *testing.B) {
	n := 100_000
	if text := os.Getenv("KEHU_BENCH_CUSTOMERS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	world := &roster{members: map[string][]string{}}
	m, known := newMeter(b, engine, world, func() time.Time { return now })
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 20 {
		world.segments = append(world.segments, domain.Segment{ID: fmt.Sprintf("s%02d", i), Born: 1, State: domain.Published, Formed: domain.Formed{Generation: 2}})
	}
	for at := 0; at < n; at += 10_000 {
		part := customers(r, at, min(n, at+10_000), now)
		if _, err := known.Put(b.Context(), part); err != nil {
			b.Fatal(err)
		}
		for _, c := range part {
			for _, s := range world.segments {
				if r.IntN(3) == 0 {
					world.members[s.ID] = append(world.members[s.ID], c.Customer)
				}
			}
		}
	}
	for b.Loop() {
		if err := m.Measure(b.Context()); err != nil {
			b.Fatal(err)
		}
		now = now.AddDate(0, 0, 1)
		for i := range world.segments {
			world.segments[i].Born++ // and so without moves
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "customers/s")
}
