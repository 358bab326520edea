package bench

import (
	"testing"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
)

// mongoRows is the length of the file for MongoDB, where the stand-in is slow.
const mongoRows = 20_000

// BenchmarkMongoDB imports a file into the profile service on MongoDB, gets
// customers and streams all histories, each once. There is no raw engine to
// compare with: the figures are those of the server given, or of the stand-in.
func BenchmarkMongoDB(b *testing.B) {
	s := serveProfile(b, mongotest.Open(b))
	path := file(b, mongoRows, byTime)
	var load, get, stream time.Duration
	for n := 0; b.Loop(); n++ {
		if n > 0 {
			continue // the same file is not imported again
		}
		load = timed(func() { send(b.Context(), b, s.conn, path, mongoRows) })
		names := addCustomers(b, s.conn)
		get = getAll(b, throughGateway(s), names, 1)
		client := profilev1.NewOrderServiceClient(s.conn)
		stream = timed(func() {
			if t := streamHistories(b.Context(), b, client); t.orders != mongoRows {
				b.Fatalf("%d orders were streamed, want %d", t.orders, mongoRows)
			}
		})
	}
	b.ReportMetric(mongoRows/load.Seconds(), "import-rows/s")
	b.ReportMetric(getCalls/get.Seconds(), "gateway-gets/s")
	b.ReportMetric(mongoRows/stream.Seconds(), "stream-orders/s")
	b.ReportMetric(0, "ns/op")
}
