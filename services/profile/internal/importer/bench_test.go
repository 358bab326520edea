package importer_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

const benchRows = 200_000

// BenchmarkImport compares importing a file through gRPC with the same documents
// and index entries put into Pebble alone, in synced batches of the same size,
// one after the other. The ratio is that of their speeds.
func BenchmarkImport(b *testing.B) {
	for _, items := range []bool{false, true} {
		b.Run(map[bool]string{false: "orders", true: "items"}[items], func(b *testing.B) {
			f := benchFile(items)
			var through, alone time.Duration
			for b.Loop() {
				took, writes := importAll(b, f)
				through += took
				alone += writeAlone(b, writes)
			}
			rows := float64(b.N * benchRows)
			b.ReportMetric(alone.Seconds()/through.Seconds(), "ratio")
			b.ReportMetric(rows/through.Seconds(), "rows/s")
			b.ReportMetric(rows/alone.Seconds(), "bare-rows/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// benchFile is new orders of 50,000 customers, or their items, two to an order.
func benchFile(items bool) csvFile {
	rng := rand.New(rand.NewPCG(1, 1))
	var file strings.Builder
	file.WriteString("order_id,customer_id,order_time,amount,currency,discount,cost,channel,payment_method,status")
	if items {
		file.WriteString(",sku,quantity")
	}
	file.WriteString("\n")
	for n := range benchRows {
		order := n
		if items {
			order = n / 2
		}
		at := time.Unix(1.7e9+int64(order), 0).UTC().Format(time.RFC3339)
		fmt.Fprintf(&file, "2024%010d,C%07d,%s,%d.%02d,CNY,%d.00,%d.50,tmall,alipay,paid",
			order, order*7919%50_000, at, rng.IntN(1000), rng.IntN(100), rng.IntN(10), rng.IntN(500))
		if items {
			fmt.Fprintf(&file, ",sku-%04d,%d", rng.IntN(1000), 1+rng.IntN(5))
		}
		file.WriteString("\n")
	}
	return announce(profilev1.ImportKind_IMPORT_KIND_ORDERS, []byte(file.String()))
}

// importAll imports a file on a disk, and returns how long that took and what was
// written of orders and customers.
func importAll(b *testing.B, f csvFile) (time.Duration, [][]docstore.Write) {
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	tap := &tap{Engine: engine}
	p := begin(b, tap)
	start := time.Now()
	i := p.run(b, f, 512<<10)
	took := time.Since(start)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetRejected() != 0 || i.GetRows() != benchRows {
		b.Fatalf("import: %v", i)
	}
	p.stop()
	if err := engine.Close(); err != nil {
		b.Fatal(err)
	}
	return took, tap.writes
}

// tap is an engine that keeps what is written of customers and orders.
type tap struct {
	docstore.Engine
	mu     sync.Mutex
	writes [][]docstore.Write
}

func (e *tap) Table(ctx context.Context, l docstore.Layout) (docstore.Table, error) {
	t, err := e.Engine.Table(ctx, l)
	if l.Name == "orders" || l.Name == "customers" {
		return &tapped{t, e}, err
	}
	return t, err
}

type tapped struct {
	docstore.Table
	tap *tap
}

func (t *tapped) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	t.tap.mu.Lock()
	t.tap.writes = append(t.tap.writes, writes)
	t.tap.mu.Unlock()
	return t.Table.Write(ctx, writes)
}

// writeAlone puts documents and index entries into Pebble without asking anything.
func writeAlone(b *testing.B, writes [][]docstore.Write) time.Duration {
	db, err := pebble.Open(b.TempDir(), &pebble.Options{MemTableSize: 16 << 20, Logger: quiet{}})
	if err != nil {
		b.Fatal(err)
	}
	keys := make([][]string, len(writes))
	for n, batch := range writes {
		for _, w := range batch {
			keys[n] = append(keys[n], w.Doc.Lookup("keys", "changes").StringValue())
		}
	}
	start := time.Now()
	for n, group := range writes {
		batch := db.NewBatch()
		for i, w := range group {
			if err := batch.Set([]byte("orders\x00d"+w.ID), w.Doc, nil); err != nil {
				b.Fatal(err)
			}
			if err := batch.Set([]byte("orders\x00ichanges\x00"+keys[n][i]+"\x00"+w.ID), nil, nil); err != nil {
				b.Fatal(err)
			}
		}
		if err := batch.Commit(pebble.Sync); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(start)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	return took
}

// quiet drops Pebble's chatter.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}
