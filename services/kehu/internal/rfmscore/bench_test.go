//go:build unix

package rfmscore_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/kehuhq/kehu/services/kehu/internal/orderscan"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/rfmscore"
)

// BenchmarkFromCSV reads five million orders of a million customers from a file and
// scores the customers; pandas takes 2.5 s for it on the machine that the other
// figures are of. The file is in the page cache for both.
func BenchmarkFromCSV(b *testing.B) {
	const pandas = 2.5
	path := filepath.Join(b.TempDir(), "orders.csv")
	size := write(b, path)
	o := orderscan.Options{
		Columns: orderscan.Columns{Customer: "customer_id", Time: "order_time", Amount: "amount", Currency: "currency"}, Zone: time.UTC,
	}
	for _, cores := range []int{1, 2} {
		b.Run(fmt.Sprintf("%d cores", cores), func(b *testing.B) {
			o.Cores = cores
			before := processorSeconds(b)
			for b.Loop() {
				orders, err := orderscan.Read(path, o, progress.Reporter{})
				if err != nil {
					b.Fatal(err)
				}
				scored, err := rfmscore.Score(orders, rfmscore.Settings{AsOf: orders.Last, Scores: 5, Cores: cores})
				if err != nil {
					b.Fatal(err)
				}
				if err := scored.WriteCSV(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(seconds, "s")
			b.ReportMetric((processorSeconds(b)-before)/float64(b.N), "cpu-s")
			b.ReportMetric(float64(size)/seconds/1e6, "MB/s")
			b.ReportMetric(pandas/seconds, "×pandas")
		})
	}
}

func write(b *testing.B, path string) (size int64) {
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	out, rng := bufio.NewWriterSize(file, 1<<20), rand.New(rand.NewPCG(1, 2))
	fmt.Fprintln(out, "order_id,customer_id,order_time,amount,currency")
	for i := range 5_000_000 {
		fmt.Fprintf(out, "%d,c%07d,%s,%d.%02d,CNY\n", i, rng.IntN(1_000_000), orderscan.Date(int32(19_500+rng.IntN(730))), rng.IntN(900), rng.IntN(100))
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

func processorSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
