package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// wholeRows is the length of the file of BenchmarkWhole; KEHU_BENCH_ROWS sets
// another, such as 5000000, which takes minutes and some 6 GB of memory.
const wholeRows = 500_000

// BenchmarkWhole compares all of `kehu analyze`, from the start of the process to
// its end, with Pebble alone writing the same documents in synced batches. The
// ratio is that of the times. It reports what processor time the command took and
// the peak of its resident memory as well, which other work on the machine bears
// less on.
func BenchmarkWhole(b *testing.B) {
	rows := wholeRows
	if stated := os.Getenv("KEHU_BENCH_ROWS"); stated != "" {
		n, err := strconv.Atoi(stated)
		must(b, err)
		rows = n
	}
	kehu := kehuCommand(b)
	path := narrowFile(b, rows)
	dir := b.TempDir()
	importInto(b, dir, path, int64(rows))
	all := records(b, filepath.Join(dir, "profile"))
	var c comparison
	var peak, processor []float64
	for b.Loop() {
		c.round(
			func() time.Duration {
				command := exec.CommandContext(b.Context(), kehu, "analyze", path, "--format", "json")
				var out bytes.Buffer
				command.Stdout, command.Stderr = &out, os.Stderr
				took := timed(func() { peak = append(peak, runWatched(b, command)) })
				processor = append(processor, (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds())
				checkOrders(b, out.Bytes(), rows)
				return took
			},
			func() time.Duration { return writeBare(b, all) })
	}
	c.report(b, c.costs(), 1.5, rows, "rows")
	b.ReportMetric(median(c.suite), "run-s")
	b.ReportMetric(median(processor), "run-cpu-s")
	b.ReportMetric(median(c.base), "base-s")
	b.ReportMetric(median(peak), "peak-MiB")
	b.ReportMetric(512, "aim-MiB")
}

// narrowFile writes a file of orders of three years in no order, of 67 bytes a
// row, ten to a customer in the mean: what says the least about each order, and
// has its neighbours farthest apart in the store.
func narrowFile(b *testing.B, rows int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "orders.csv")
	out, err := os.Create(path)
	must(b, err)
	w := bufio.NewWriterSize(out, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	fmt.Fprintln(w, "order_id,customer_id,order_time,amount,currency,channel,status")
	for n := range rows {
		at := start.Add(time.Duration(random.Int64N(3*365*86400)) * time.Second)
		amount := 100 + random.Int64N(50_000)
		fmt.Fprintf(w, "ord-%09d,cust-%07d,%s,%d.%02d,CNY,web,paid\n",
			n, random.IntN(max(rows/10, 1)), at.Format("2006-01-02T15:04:05"), amount/100, amount%100)
	}
	must(b, errors.Join(w.Flush(), out.Close()))
	return path
}
