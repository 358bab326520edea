package stat_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/kehuhq/kehu/pkg/stat"
)

// BenchmarkBootstrapRows is what a resample of a million rows costs beside the
// clustering itself.
func BenchmarkBootstrapRows(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 0))
	labels := make([]int, 1_000_000)
	for i := range labels {
		labels[i] = random.IntN(8)
	}
	same := func(_ context.Context, rows []int) ([]int, error) {
		found := make([]int, len(rows))
		for i, row := range rows {
			found[i] = labels[row]
		}
		return found, nil
	}
	for b.Loop() {
		if _, err := stat.BootstrapJaccard(b.Context(), labels, same, stat.Bootstrap{Resamples: 10, Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/10, "s/resample")
}

// BenchmarkKruskalWallis is of a million values in eight groups.
func BenchmarkKruskalWallis(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 0))
	groups := make([][]float64, 8)
	for i := range 1_000_000 {
		groups[i%8] = append(groups[i%8], random.ExpFloat64())
	}
	for b.Loop() {
		if _, err := stat.KruskalWallis(groups); err != nil {
			b.Fatal(err)
		}
	}
}
