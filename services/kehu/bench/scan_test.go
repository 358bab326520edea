package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

const scanRounds = 21

// BenchmarkScan compares reading every order, and of each the fields that a
// purchase history needs, with an iterator of Pebble's and the same decoding: by
// a collection of pkg/docstore, and through gRPC over TCP from the profile
// service, whose answer is decoded and added up. The ratio is that of the speeds.
func BenchmarkScan(b *testing.B) {
	data := b.TempDir()
	importInto(b, data, file(b, fileRows, byTime), fileRows)
	dir := filepath.Join(data, "profile")
	settle(b, dir)
	copied := filepath.Join(b.TempDir(), "copy")
	must(b, os.CopyFS(copied, os.DirFS(dir)))
	db := openBare(b, copied)
	b.Cleanup(func() { must(b, db.Close()) })
	engine, err := pebblestore.Open(dir, pebblestore.Options{})
	must(b, err)
	b.Cleanup(func() { must(b, engine.Close()) })
	orders, err := docstore.Open(b.Context(), engine, docstore.Schema[storedOrder]{Name: "orders", Changes: true})
	must(b, err)
	client := profilev1.NewOrderServiceClient(serveProfile(b, engine).conn)

	for _, side := range []struct {
		name string
		aim  float64
		scan func() totals
	}{
		{"collection", 0.7, func() totals { return scanCollection(b, orders) }},
		{"grpc", 0.35, func() totals { return streamHistories(b.Context(), b, client) }},
	} {
		b.Run(side.name, func(b *testing.B) {
			var c comparison
			want := scanBare(b, db)
			for b.Loop() {
				for range scanRounds {
					c.round(timing(b, side.scan, want), timing(b, func() totals { return scanBare(b, db) }, want))
				}
			}
			c.report(b, c.speeds(), side.aim, fileRows, "orders")
		})
	}
}

// settle compacts the store, so that both sides read the same files and nothing
// is going on in the background.
func settle(b *testing.B, dir string) {
	b.Helper()
	db := openBare(b, dir)
	must(b, db.Compact(b.Context(), nil, []byte{0xff}, false))
	must(b, db.Close())
}

type storedOrder struct {
	docstore.Meta `bson:",inline"`
}

func scanCollection(b *testing.B, orders *docstore.Collection[storedOrder]) (t totals) {
	b.Helper()
	for entry, err := range orders.ScanRaw(b.Context(), docstore.Range{}) {
		if err != nil {
			b.Fatal(err)
		}
		t.add(entry.Doc)
	}
	return t
}

func scanBare(b *testing.B, db *pebble.DB) (t totals) {
	b.Helper()
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte("orders\x00d"), UpperBound: []byte("orders\x00e")})
	must(b, err)
	for ok := it.First(); ok; ok = it.Next() {
		t.add(it.Value())
	}
	must(b, it.Close())
	return t
}

func streamHistories(ctx context.Context, b *testing.B, client profilev1.OrderServiceClient) (t totals) {
	b.Helper()
	stream, err := client.StreamPurchaseHistories(ctx, &profilev1.StreamPurchaseHistoriesRequest{}, grpc.WaitForReady(true))
	must(b, err)
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return t
		}
		must(b, err)
		for _, h := range batch.GetHistories() {
			for i, at := range h.GetOrderTimeMs() {
				t.orders++
				t.sum += at + h.GetNetMinor()[i] + h.GetCostMinor()[i] + h.GetDiscountMinor()[i]
			}
		}
	}
}
