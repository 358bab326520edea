package survival_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kehuhq/kehu/pkg/survival"
)

// TestSandwichByWeights: the robust variance is the sum of squares of what a little
// more weight on one row does to a coefficient, found here by fitting anew.
func TestSandwichByWeights(t *testing.T) {
	s, c := simulate(rand.New(rand.NewPCG(6, 6)), 60, 1, 0, []float64{0.5, 0.3})
	for i, d := range s.Durations {
		s.Durations[i] = math.Ceil(4 * d) // ties
	}
	strata := make([]int, 60)
	s.Weights = make([]float64, 60)
	for i := range strata {
		strata[i], s.Weights[i] = i%2, float64(1+i%3)
	}
	for _, ties := range []survival.Ties{survival.TiesEfron, survival.TiesBreslow} {
		fit := func(s survival.Sample) []survival.Coefficient {
			f, err := survival.FitCox(s, c, survival.CoxOptions{Ties: ties, Strata: strata, Robust: true})
			if err != nil {
				t.Fatal(err)
			}
			return f.Coefficients
		}
		const little = 1e-4
		sums := [2]float64{}
		for i := range 60 {
			change := [2]float64{}
			for _, sign := range []float64{1, -1} {
				more := s
				more.Weights = slices.Clone(s.Weights)
				more.Weights[i] += sign * little
				for j, e := range fit(more) {
					change[j] += sign * e.Value / (2 * little)
				}
			}
			for j, d := range change {
				sums[j] += s.Weights[i] * s.Weights[i] * d * d
			}
		}
		for j, e := range fit(s) {
			check(t, string(ties)+" robust error", e.Robust, math.Sqrt(sums[j]), 1e-6)
		}
	}
}
