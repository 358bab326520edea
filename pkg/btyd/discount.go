package btyd

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Compounding is the convention by which a purchase is discounted.
type Compounding string

// The conventions. What comes at a time t from now counts
const (
	// CompoundingContinuous: e^−δt, δ = ln(1+d)/n for an annual rate d and n units of
	// time a year; purchases are discounted from the moment they happen.
	CompoundingContinuous Compounding = "continuous"
	// CompoundingPerPeriod: (1+i)^−k for the purchases of the k-th unit of time,
	// i = (1+d)^(1/n) − 1; purchases are discounted from the end of their period.
	CompoundingPerPeriod Compounding = "per_period"
)

// Discount is a discount rate per unit of time, with its convention.
type Discount struct {
	Rate        float64 // per unit of time, e.g. a week: δ or i
	Compounding Compounding
}

// ContinuousDiscount is the rate δ = ln(1+annual)/perYear, annual being a fraction
// such as 0.15 and perYear the units of time a year, such as 52 weeks.
func ContinuousDiscount(annual, perYear float64) (Discount, error) {
	if err := checkAnnual(annual, perYear); err != nil {
		return Discount{}, err
	}
	return Discount{Rate: math.Log1p(annual) / perYear, Compounding: CompoundingContinuous}, nil
}

// PeriodDiscount is the rate i = (1+annual)^(1/perYear) − 1.
func PeriodDiscount(annual, perYear float64) (Discount, error) {
	if err := checkAnnual(annual, perYear); err != nil {
		return Discount{}, err
	}
	return Discount{Rate: math.Expm1(math.Log1p(annual) / perYear), Compounding: CompoundingPerPeriod}, nil
}

func checkAnnual(annual, perYear float64) error {
	if !(annual > 0 && annual <= 100) {
		return fault.Invalid("discount_rate", "must be an annual rate above 0, such as 0.15 for 15 %%, got %v", annual)
	}
	if !(perYear >= 0.1 && perYear <= 1e5) {
		return fault.Invalid("periods_per_year", "must be the units of time a year, such as 52 weeks, got %v", perYear)
	}
	return nil
}

// delta checks a discount and returns it as a continuous rate.
func (d Discount) delta() (float64, error) {
	if !(d.Rate >= 1e-9 && d.Rate <= 1e3) {
		return 0, fault.Invalid("discount_rate", "must lie between 1e-9 and 1000 per unit of time, got %v", d.Rate)
	}
	switch d.Compounding {
	case CompoundingContinuous:
		return d.Rate, nil
	case CompoundingPerPeriod:
		return math.Log1p(d.Rate), nil
	}
	return 0, fault.Invalid("compounding", "must be %q or %q, got %q", CompoundingContinuous, CompoundingPerPeriod, d.Compounding)
}

// perPeriod is the present value of one unit for each purchase, discounted from the
// ends of periods, given the mean number of purchases in a time t from now, and the
// value at s of the purchases after s, continuously discounted. Summed by parts it is
//
//	(1−v) Σ_{k≥1} v^k E(k), v = e^−δ.
//
// Some terms are added up one by one. The others, from s on, are an integral, which
// by parts is e^−δs (E(s) + value after s)/δ, plus f'/24 − 7f”'/5760 at s for what a sum
// differs from it (the midpoint form of the Euler–Maclaurin formula), E changing little
// within a period by then.
func perPeriod(expected, after func(t float64) (float64, bool), delta float64) (float64, bool) {
	ok := true
	number := func(t float64) float64 {
		v, converged := expected(t)
		ok = ok && converged
		return v
	}
	at := func(t float64) float64 { return math.Exp(-delta*t) * number(t) }
	const terms = 48
	total := 0.0
	for k := 1; k <= terms; k++ {
		total += at(float64(k))
	}
	const from = terms + 0.5
	later, converged := after(from)
	total += math.Exp(-delta*from) * (number(from) + later) / delta
	third := at(from+1.5) - 3*at(from+0.5) + 3*at(from-0.5) - at(from-1.5)
	slope := at(from+0.5) - at(from-0.5) - third/24
	total += slope/24 - 7*third/5760
	return -math.Expm1(-delta) * total, ok && converged
}
