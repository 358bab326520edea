package models

import (
	"iter"
	"math"

	"github.com/kehuhq/kehu/pkg/btyd"
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
type baseline struct {
	fitted   *stat.Poisson
	unitDays float64 // of the histories that it is asked about
}

var baselineNames = []string{"intercept", "log_orders", "recency_weeks", "tenure_weeks"}

// covariates are those of a history in units of so many days.
func covariates(h btyd.History, unitDays float64, into []float64) []float64 {
	return append(into[:0], 1, math.Log1p(float64(h.X)), (h.T-h.Tx)*unitDays/7, h.T*unitDays/7)
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
		return &baseline{fitted, s.window.unitDays}, nil
	}
	return nil, fault.New(fault.FailedPrecondition, "CALIBRATION_TOO_SHORT",
		"the baseline learns from a split of the calibration half as long as the hold-out, by which half of the customers must have ordered: begin the hold-out later")
}

func trainingRows(trained cells, days int64) iter.Seq[stat.Counted] {
	offset := math.Log(float64(days))
	return func(yield func(stat.Counted) bool) {
		var x []float64
		for k, n := range trained.sorted() {
			x = covariates(k.facts().History(1), 1, x)
			if !yield(stat.Counted{X: x, Offset: offset, Y: float64(k.then), Weight: float64(n)}) {
				return
			}
		}
	}
}

// Expected is the expected days with an order within the horizon.
func (b *baseline) Expected(h btyd.History, horizon float64) (float64, error) {
	return b.fitted.Mean(covariates(h, b.unitDays, nil), math.Log(horizon*b.unitDays)), nil
}
