package survival

import "math"

// BaselineHazard is the cumulative hazard of one stratum for a subject with given
// covariates: 0 before the first time, the value i from Times[i] on. Times are
// those of events.
type BaselineHazard struct {
	Stratum    int       `json:"stratum"`
	Times      []float64 `json:"times"`
	Cumulative []float64 `json:"cumulative_hazard"`
}

// BaselineAtMeans is the cumulative hazard in each stratum of a subject whose
// covariates are the means. With Breslow's ties it is Σ dᵢ/S₀(tᵢ), Breslow (1972);
// with Efron's the sum over ties that his likelihood has.
func (f *CoxFit) BaselineAtMeans() ([]BaselineHazard, error) { return f.BaselineAt(f.Means) }

// BaselineAtZero is the same for a subject whose covariates are all 0. It is
// refused with RESULT_OVERFLOWS where 0 is so far from the data that there is no
// number for it.
func (f *CoxFit) BaselineAtZero() ([]BaselineHazard, error) {
	return f.BaselineAt(make([]float64, f.design.p))
}

// BaselineAt is the same for a subject with the covariates x, in the order of the
// coefficients.
func (f *CoxFit) BaselineAt(x []float64) ([]BaselineHazard, error) {
	if len(x) != f.design.p {
		return nil, invalid("x", "must have %d covariates, got %d", f.design.p, len(x))
	}
	eta := 0.0
	for j, v := range x {
		if !(math.Abs(v) <= MaxCovariate) {
			return nil, invalidRow("x", j, "must be a number of at most %g, got %v", MaxCovariate, v)
		}
		eta += f.beta[j] * (v - f.design.mean[j]) / f.design.sd[j]
	}
	relative := math.Exp(eta)
	var strata []BaselineHazard
	f.sets.walk(f.beta, make([]float64, len(f.sets.weight)), func(t *deaths) {
		if last := len(strata) - 1; last < 0 || strata[last].Stratum != int(t.stratum) {
			strata = append(strata, BaselineHazard{Stratum: int(t.stratum)})
		}
		h := &strata[len(strata)-1]
		h.Times, h.Cumulative = append(h.Times, t.time), append(h.Cumulative, relative*t.mean*t.a)
	})
	for _, h := range strata {
		if !h.accumulate() {
			return nil, refuse(ReasonOverflow, "x", "must be nearer to the data: the hazard is beyond all numbers")
		}
	}
	return strata, nil
}

// accumulate makes of what each time adds, the latest first, the sums in order.
func (h BaselineHazard) accumulate() bool {
	for i, k := 0, len(h.Times)-1; i < k; i, k = i+1, k-1 {
		h.Times[i], h.Times[k] = h.Times[k], h.Times[i]
		h.Cumulative[i], h.Cumulative[k] = h.Cumulative[k], h.Cumulative[i]
	}
	sum := 0.0
	for i, v := range h.Cumulative {
		sum += v
		h.Cumulative[i] = sum
	}
	return finite(sum)
}
