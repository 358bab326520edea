package schemes_test

import (
	"testing"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// BenchmarkRun carries a scheme of clusters out over 200,000 customers, with both passes
// over their facts, 50 resamples and the tests.
func BenchmarkRun(b *testing.B) {
	const customers = 200_000
	w := newWorld(b, memory(b))
	w.people(customers, 1)
	m := plan()
	m.GetMethod().GetKmeans().K = 8
	w.create("buyers", m)
	b.ResetTimer()
	for range b.N {
		o, err := w.done(w.CreateSchemeRun(b.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/buyers", Seed: 3}))
		if err != nil || o.GetError() != nil {
			b.Fatal(err, o.GetError())
		}
	}
	b.ReportMetric(float64(customers*b.N)/b.Elapsed().Seconds(), "customers/s")
}
