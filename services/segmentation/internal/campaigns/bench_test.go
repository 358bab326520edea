package campaigns

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// BenchmarkCampaign starts a campaign with all customers of a base, and measures it:
// customers per second of each, in memory.
func BenchmarkCampaign(b *testing.B) {
	const n = 100_000
	engine, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	w := newBase(b, engine)
	w.shop(n, func(i int) []facts.Order {
		recent := make([]facts.Order, i%6)
		for j := range recent {
			recent[j] = facts.Order{Time: w.clock.AddDate(0, 0, j-9), Net: facts.Money{Currency: "CNY", Minor: 1000}}
		}
		return recent
	})
	for i := 0; b.Loop(); i++ {
		id := fmt.Sprint("c", i)
		w.insert(&Campaign{ID: id, Rule: "orders.count >= 0", Share: 0.2, End: w.clock.Add(time.Hour)})
		began := time.Now()
		c := w.start(id)
		started := time.Now()
		if _, err := (&Meter{w.store, w.facts}).Result(b.Context(), c); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(n/started.Sub(began).Seconds(), "started/s")
		b.ReportMetric(n/time.Since(started).Seconds(), "measured/s")
	}
}
