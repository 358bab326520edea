package survival

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// describe makes of the optimum the coefficients in the caller's units, with
// errors by the delta method from the observed information.
func (f *WeibullFit) describe(t *logTimes, d *design, best *optimum, z float64) error {
	covariance, ok := inverse(best.information)
	if !ok {
		return refuse(ReasonNotConverged, "durations", "must leave an information that can be inverted")
	}
	p := d.p + 2
	alpha := best.theta[p-1]
	// Rows are intercept, coefficients and log scale, columns are θ.
	value, jacobian := make([]float64, p), mat.NewDense(p, p, nil)
	value[0] = t.mean + t.sd*best.theta[0]/alpha
	jacobian.Set(0, 0, t.sd/alpha)
	jacobian.Set(0, p-1, -t.sd*best.theta[0]/alpha/alpha)
	for j := range d.p {
		unit := t.sd / alpha / d.sd[j]
		value[1+j] = unit * best.theta[1+j]
		value[0] -= value[1+j] * d.mean[j]
		jacobian.Set(1+j, 1+j, unit)
		jacobian.Set(1+j, p-1, -value[1+j]/alpha)
		jacobian.Set(0, 1+j, -unit*d.mean[j])
		jacobian.Set(0, p-1, jacobian.At(0, p-1)+value[1+j]*d.mean[j]/alpha)
	}
	value[p-1] = math.Log(t.sd / alpha)
	jacobian.Set(p-1, p-1, -1/alpha)
	var half, whole mat.Dense
	half.Mul(jacobian, covariance)
	whole.Mul(&half, jacobian.T())
	all := make([]Coefficient, p)
	for j := range all {
		name := "(Intercept)"
		switch {
		case j == p-1:
			name = "Log(scale)"
		case j > 0:
			name = d.names[j-1]
		}
		variance := whole.At(j, j)
		if !(variance > 0) || !finite(variance) || !finite(value[j]) {
			return refuse(ReasonOverflow, name, "must be nearer to 0 or of a larger spread: its coefficient is beyond all numbers")
		}
		all[j] = newCoefficient(name, value[j], math.Sqrt(variance), 0, z)
	}
	f.Intercept, f.Coefficients, f.LogScale = all[0], all[1:p-1], all[p-1]
	f.Scale, f.Shape = math.Exp(f.LogScale.Value), math.Exp(-f.LogScale.Value)
	f.ShapeLower, f.ShapeUpper = math.Exp(-f.LogScale.Upper), math.Exp(-f.LogScale.Lower)
	if !finite(f.Scale) || !finite(f.ShapeUpper) || f.Scale == 0 {
		return refuse(ReasonOverflow, "durations", "must leave a shape that is a number, with its interval")
	}
	return nil
}

// linear is μ + βᵀx.
func (f *WeibullFit) linear(x []float64) (float64, error) {
	if len(x) != len(f.Coefficients) {
		return 0, invalid("x", "must have %d covariates, got %d", len(f.Coefficients), len(x))
	}
	sum := f.Intercept.Value
	for j, v := range x {
		sum += f.Coefficients[j].Value * v
	}
	if !finite(sum) {
		return 0, invalid("x", "must be finite and near the data")
	}
	return sum, nil
}

// SurvivalAt is the probability that a subject with the covariates x, in the order
// of the coefficients, has not had the event by the time t, 0 or more.
func (f *WeibullFit) SurvivalAt(t float64, x []float64) (float64, error) {
	eta, err := f.linear(x)
	if err != nil {
		return 0, err
	}
	if !(t >= 0) {
		return 0, invalid("t", "must be 0 or more, got %v", t)
	}
	return math.Exp(-math.Exp((math.Log(t) - eta) / f.Scale)), nil
}

// Quantile is the time by which a share of the subjects with the covariates x has
// had the event: exp(μ + βᵀx)·(−log(1−share))^σ. The share lies strictly between 0
// and 1, 0.5 for the median.
func (f *WeibullFit) Quantile(share float64, x []float64) (float64, error) {
	eta, err := f.linear(x)
	if err != nil {
		return 0, err
	}
	if !(share > 0 && share < 1) {
		return 0, invalid("share", "must lie between 0 and 1, got %v", share)
	}
	t := math.Exp(eta + f.Scale*math.Log(-math.Log1p(-share)))
	if !finite(t) {
		return 0, refuse(ReasonOverflow, "x", "must be nearer to the data: the time is beyond all numbers")
	}
	return t, nil
}
