package bench

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// loadCustomers is the size of the base of BenchmarkLoad, with ten orders and
// twenty events a customer; KEHU_BENCH_CUSTOMERS sets another: `make bench-load`
// takes a million.
const loadCustomers = 10_000

// loadLimit ends a load that a slow or busy machine would not end.
const loadLimit = 60 * time.Minute

// BenchmarkLoad loads a customer base through the gRPC API into a `kehu serve` of
// its own, and then writes as many documents, as large and with the same index
// entries, to Pebble alone. In between it reads from it and from a base of a
// hundredth (1,000 customers at least), in turns. It prints a table; where it is
// interrupted, or has taken loadLimit, that of what was measured by then.
func BenchmarkLoad(b *testing.B) {
	customers := loadCustomers
	if stated := os.Getenv("KEHU_BENCH_CUSTOMERS"); stated != "" {
		n, err := strconv.Atoi(stated)
		must(b, err)
		customers = n
	}
	large, err := newBase(customers)
	must(b, err)
	small, err := newBase(max(customers/100, 1000))
	must(b, err)
	ctx, stop := signal.NotifyContext(b.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	for n := 0; b.Loop(); n++ {
		if n > 0 {
			continue // once is long enough
		}
		r := &loadReport{small: small.customers}
		err := r.measure(ctx, b, small, large)
		r.print(os.Stdout, err)
		if err != nil && ctx.Err() == nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// measure fills in the report, as far as it comes before ctx ends.
func (r *loadReport) measure(ctx context.Context, b *testing.B, small, large *base) error {
	b.Helper()
	little, big := startChild(b), startChild(b)
	for k := range kinds {
		if _, err := small.load(ctx, little, k); err != nil {
			return err
		}
	}
	var err error
	for k := range kinds {
		r.through[k], err = large.load(ctx, big, k)
		r.memory, r.disk = big.peakMiB(), big.disk()
		if err != nil {
			return err
		}
	}
	if err := errors.Join(little.rest(ctx), big.rest(ctx)); err != nil {
		return err
	}
	r.settled = big.disk()
	if r.reads, err = compareReads(ctx, small, large, little.conn, big.conn); err != nil {
		return err
	}
	r.memoryAfter = big.peakMiB()
	if err := errors.Join(little.stop(), big.stop()); err != nil {
		return err
	}
	return r.measureRaw(ctx, b, large, big.dir)
}

// measureRaw writes to Pebble alone what lies in dir, which it clears away first:
// there may not be room for both.
func (r *loadReport) measureRaw(ctx context.Context, b *testing.B, large *base, dir string) error {
	b.Helper()
	var templates [kinds][][]template
	for k := range kinds {
		templates[k] = large.templatesOf(b, dir, k)
	}
	must(b, os.RemoveAll(dir))
	runtime.GC()
	db := openBare(b, b.TempDir())
	defer func() { must(b, db.Close()) }()
	for k := range kinds {
		var err error
		if r.raw[k], err = large.writeRaw(ctx, db, k, large.count(k), templates[k]); err != nil {
			return err
		}
	}
	return nil
}
