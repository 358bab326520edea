package bench

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// BenchmarkImport compares importing a file of orders through the public API with
// Pebble alone writing the same documents in synced batches, both into new stores
// and with their closing. The ratio is that of their speeds.
func BenchmarkImport(b *testing.B) {
	const rounds = 3
	for _, by := range []order{byTime, byCustomer} {
		b.Run("by="+string(by), func(b *testing.B) {
			path := file(b, fileRows, by)
			var c comparison
			var documents int
			for b.Loop() {
				for range rounds {
					dir := b.TempDir()
					runtime.GC() // what the other side left is not for this one to pay
					took := importInto(b, dir, path, fileRows)
					all := records(b, filepath.Join(dir, "profile"))
					documents = len(all.all)
					runtime.GC()
					c.round(func() time.Duration { return took }, func() time.Duration { return writeBare(b, all) })
				}
			}
			c.report(b, c.speeds(), 0.4, fileRows, "rows")
			b.ReportMetric(float64(documents), "documents")
		})
	}
}

// importInto is how long the suite takes to import a file into dir, with its closing.
func importInto(b *testing.B, dir, path string, rows int64) time.Duration {
	b.Helper()
	var start time.Time
	must(b, suite.Temporarily(b.Context(), engines.Config{Data: dir, Temporary: true}, func(ctx context.Context, conn grpc.ClientConnInterface) error {
		start = time.Now()
		send(ctx, b, conn, path, rows)
		return nil
	}))
	return time.Since(start)
}

// send imports a file and sees to it that every row made an order.
func send(ctx context.Context, b *testing.B, conn grpc.ClientConnInterface, path string, rows int64) {
	b.Helper()
	done, err := upload.Send(ctx, conn, path, upload.Settings{Kind: profilev1.ImportKind_IMPORT_KIND_ORDERS})
	must(b, err)
	if done.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || done.GetCreated() != rows {
		b.Fatalf("the import of %d rows ended as %v", rows, done)
	}
}
