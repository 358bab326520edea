//go:build unix

package stat_test

import (
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/kehuhq/kehu/pkg/stat"
)

// BenchmarkRFM sums up five million orders of a million customers and scores them;
// pandas takes 0.96 s for it on the machine that the other figures are of.
func BenchmarkRFM(b *testing.B) {
	const pandas = 0.96
	p := purchases(5_000_000, 1_000_000)
	for _, cores := range []int{1, 2} {
		b.Run(strconv.Itoa(cores)+" cores", func(b *testing.B) {
			b.ReportAllocs()
			before := processorSeconds(b)
			for b.Loop() {
				scoreAll(b, p, cores)
			}
			b.ReportMetric((processorSeconds(b)-before)/float64(b.N), "cpu-s")
			seconds := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(seconds, "s")
			b.ReportMetric(pandas/seconds, "×pandas")
		})
	}
}

func scoreAll(b *testing.B, p stat.Purchases, cores int) {
	v, err := p.Values(730, cores)
	if err != nil {
		b.Fatal(err)
	}
	gate := make(chan struct{}, cores)
	var all sync.WaitGroup
	for scale, values := range map[int][]int64{0: v.Recency, 1: v.Frequency, 2: v.Monetary} {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			better := stat.HigherIsBetter
			if scale == 0 {
				better = stat.LowerIsBetter
			}
			if _, err := stat.Score(values, 5, stat.SharedTies, better); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
}

func processorSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
