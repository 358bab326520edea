package models

import (
	"iter"
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
)

// baseline is a Poisson regression of the days with an order in a span ahead on
// what is known before it, the logarithm of the span's days for an offset:
//
//	E[y] = days·exp(β₀ + β₁·ln(1+x) + β₂·recency + β₃·tenure)
//
// with recency and tenure in weeks. It knows nothing of customers who leave, and
// is what models of purchases have to beat. It learns from a split within the
// calibration, and sees nothing of the hold-out.
type baseline struct{ fitted *stat.Poisson }

var baselineNames = []string{"intercept", "log_orders", "recency_weeks", "tenure_weeks"}

func covariates(a alike, into []float64) []float64 {
	return append(into[:0], 1, math.Log1p(float64(a.repeats)), float64(a.age-a.last)/7, float64(a.age)/7)
}

// fitBaseline learns from the first split by which half of the customers are known.
func (s *sample) fitBaseline() (*baseline, error) {
	all, _ := s.customers()
	for i, split := range s.window.splits {
		var known int64
		for _, n := range s.trained[i] {
			known += n
		}
		if known == 0 || 2*known < all {
			continue
		}
		fitted, err := stat.FitPoisson(len(baselineNames), trainingRows(s.trained[i], s.window.calibration.Day-split.Day))
		if err != nil {
			return nil, err
		}
		return &baseline{fitted}, nil
	}
	return nil, fault.New(fault.FailedPrecondition, "CALIBRATION_TOO_SHORT",
		"the baseline learns from a split of the calibration half as long as the hold-out, by which half of the customers must have ordered: begin the hold-out later")
}

func trainingRows(trained cells, days int64) iter.Seq[stat.Counted] {
	offset := math.Log(float64(days))
	return func(yield func(stat.Counted) bool) {
		var x []float64
		for k, n := range trained.sorted() {
			x = covariates(k, x)
			if !yield(stat.Counted{X: x, Offset: offset, Y: float64(k.then), Weight: float64(n)}) {
				return
			}
		}
	}
}

// expect is the expected days with an order in so many days ahead.
func (b *baseline) expect(a alike, days int64) float64 {
	return b.fitted.Mean(covariates(a, nil), math.Log(float64(days)))
}
