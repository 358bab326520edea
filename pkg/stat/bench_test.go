package stat_test

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/kehuhq/kehu/pkg/stat"
)

// BenchmarkScore scores ten million customers on each of the three scales.
func BenchmarkScore(b *testing.B) {
	const n = 10_000_000
	rng := rand.New(rand.NewPCG(1, 2))
	scales := map[string]func() int64{
		"days":   func() int64 { return rng.Int64N(730) },
		"orders": func() int64 { return 1 + int64(rng.ExpFloat64()*1.5) },
		"cents":  func() int64 { return int64(rng.ExpFloat64() * 20000) },
	}
	for name, draw := range scales {
		values := make([]int64, n)
		for i := range values {
			values[i] = draw()
		}
		for tiesName, ties := range map[string]stat.Ties{"shared": stat.SharedTies, "ordinal": stat.OrdinalTies} {
			b.Run(name+"/"+tiesName, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := stat.Score(values, 5, ties, stat.HigherIsBetter); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/customer")
			})
		}
	}
}

// BenchmarkRFM sums up five million orders of a million customers and scores them;
// pandas takes 0.96 s for it on the machine that the other figures are of.
func BenchmarkRFM(b *testing.B) {
	const pandas = 0.96
	p := purchases(5_000_000, 1_000_000)
	for _, cores := range []int{1, 2} {
		b.Run(strconv.Itoa(cores)+" cores", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scoreAll(b, p, cores)
			}
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
