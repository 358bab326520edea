package stat_test

import (
	"math/rand/v2"
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
