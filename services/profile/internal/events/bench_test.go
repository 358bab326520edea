package events

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/attributes"
	"github.com/kehuhq/kehu/services/profile/internal/merging"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

const (
	benchEvents    = 1_000_000
	benchCustomers = 50_000
	benchBatch     = 4000
)

// BenchmarkIngest takes a million events of 50,000 customers in, sealed, and puts
// documents and index entries of the same sizes into Pebble itself, as fast as
// it takes them; both in synced batches. It reports events a second, bytes an
// event on disk, and how fast all of them are walked over after, unopened and opened.
func BenchmarkIngest(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		engine, err := pebblestore.Open(dir, pebblestore.Options{})
		must(b, err)
		s, r := openRecorder(b, engine)
		rng := rand.New(rand.NewPCG(1, 1))
		var took time.Duration
		for n := 0; n < benchEvents; n += benchBatch {
			items := someItems(rng, n)
			begun := time.Now()
			statuses, err := r.Ingest(b.Context(), items, false)
			took += time.Since(begun)
			must(b, err)
			if n == 0 && statuses[0].Outcome != Accepted {
				b.Fatalf("first event: %+v", statuses[0])
			}
		}
		b.ReportMetric(benchEvents/took.Seconds(), "events/s")
		for unit, contents := range map[string]bool{"walked/s": false, "opened/s": true} {
			begun := time.Now()
			walked := walkAll(b, s, contents)
			b.ReportMetric(float64(walked)/time.Since(begun).Seconds(), unit)
		}
		must(b, engine.Close())
		b.ReportMetric(float64(sizeOf(b, dir))/benchEvents, "B/event")
		bare := writeBare(b)
		b.ReportMetric(benchEvents/bare.Seconds(), "bare-events/s")
		b.ReportMetric(bare.Seconds()/took.Seconds(), "ratio")
		b.ReportMetric(0, "ns/op")
	}
}

func openRecorder(b *testing.B, engine docstore.Engine) (*Store, *Recorder) {
	b.Helper()
	keyring, err := vault.NewKeyring()
	must(b, err)
	v, err := vault.New(b.Context(), engine, keyring, vault.WithCache(benchCustomers))
	must(b, err)
	collections, err := store.Open(b.Context(), engine, v, time.Now)
	must(b, err)
	s, err := OpenStore(b.Context(), engine, v, merging.NewFamilies(collections.Customers), time.Now)
	must(b, err)
	defined, err := attributes.Open(b.Context(), engine, time.Now)
	must(b, err)
	return s, NewRecorder(s, app.New(collections, time.Now), defined, time.Now)
}

func someItems(rng *rand.Rand, from int) []Item {
	names := []string{"Product Viewed", "Products Searched", "Product Added", "Order Completed", "Coupon Seen"}
	items := make([]Item, benchBatch)
	for i := range items {
		items[i] = Item{
			Event: Event{
				Sender: Customer(fmt.Sprintf("C%06d", rng.IntN(benchCustomers))), ID: fmt.Sprintf("node-next-%013d-%08x", from+i, rng.Uint32()),
				Name: names[rng.IntN(len(names))], Source: "web-shop", Original: noon.Add(-time.Duration(rng.IntN(1e9)) * time.Millisecond), Sent: noon,
			},
			Content: Content{
				Properties: map[string]any{"product_id": fmt.Sprint("S", rng.IntN(5000)), "price": 19.95, "currency": "USD", "category": "Games"},
				Context: map[string]any{
					"library": map[string]any{"name": "@segment/analytics-node", "version": "3.1.0"},
					"page":    map[string]any{"url": "https://shop.example/games/cones-of-dunshire", "title": "Cones of Dunshire"}, "locale": "zh-CN",
				},
			},
		}
	}
	return items
}

func walkAll(b *testing.B, s *Store, contents bool) (walked int) {
	b.Helper()
	for one, err := range s.Walk(b.Context(), Span{}, contents) {
		must(b, err)
		walked += len(one.Events)
		if contents {
			_, err := Contents(b.Context(), one.Events)
			must(b, err)
		}
	}
	if walked != benchEvents {
		b.Fatalf("walked over %d events, want %d", walked, benchEvents)
	}
	return walked
}

// writeBare writes what one event writes (a document of some 620 bytes and two
// index entries), as often, to Pebble itself.
func writeBare(b *testing.B) time.Duration {
	b.Helper()
	db, err := pebble.Open(b.TempDir(), &pebble.Options{MemTableSize: 64 << 20, Logger: quiet{}})
	must(b, err)
	defer func() { must(b, db.Close()) }()
	rng := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	begun := time.Now()
	for n := 0; n < benchEvents; n += 1000 {
		batch := db.NewBatch()
		for i := range 1000 {
			sender, id := fmt.Sprintf("c!C%06d", rng.IntN(benchCustomers)), fmt.Sprintf("node-next-%013d-%08x", n+i, rng.Uint32())
			at := rng.IntN(len(noise) - 620)
			must(b, batch.Set([]byte("d"+sender+"!"+id), noise[at:at+620], nil))
			must(b, batch.Set(fmt.Appendf(nil, "t%s!%016X!%s!%s", sender, rng.Uint64(), sender, id), nil, nil))
			must(b, batch.Set(fmt.Appendf(nil, "y%s!purchase!%016X!%s!%s", sender, rng.Uint64(), sender, id), nil, nil))
		}
		must(b, batch.Commit(pebble.Sync))
	}
	return time.Since(begun)
}

func sizeOf(b *testing.B, dir string) (size int64) {
	b.Helper()
	must(b, filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		return err
	}))
	return size
}

// quiet drops Pebble's chatter.
type quiet struct{}

func (quiet) Infof(string, ...any)              {}
func (quiet) Errorf(string, ...any)             {}
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
