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

// discounted is the present value of one unit for each purchase, given the mean
// number of purchases in a time t from now, an increasing and smooth function.
// Integrated or summed by parts it is
//
//	∫ δ e^−δt E(t) dt, and (1−v) Σ_{k≥1} v^k E(k) with v = e^−δ = 1/(1+i).
//
// Beyond what is added up term by term, a sum is an integral from half a period
// before its first term, plus f'/24 − 7f”'/5760 there (the midpoint form of the
// Euler–Maclaurin formula), the function changing little within a period by then.
// The mean bends at times like scale.
func discounted(expected func(t float64) (float64, bool), scale float64, d Discount) (float64, bool, error) {
	delta, err := d.delta()
	if err != nil {
		return 0, false, err
	}
	ok := true
	at := func(t float64) float64 {
		v, converged := expected(t)
		ok = ok && converged
		return math.Exp(-delta*t) * v
	}
	end := 45 / delta
	if d.Compounding == CompoundingContinuous {
		return delta * integrate(at, 0, end, scale), ok, nil
	}
	const terms = 48
	total := 0.0
	for k := 1; k <= terms; k++ {
		total += at(float64(k))
	}
	from := terms + 0.5
	if end > from {
		slope := (at(from+0.5) - at(from-0.5))
		third := at(from+1.5) - 3*at(from+0.5) + 3*at(from-0.5) - at(from-1.5)
		total += integrate(at, from, end, from) + (slope-third/24)/24 - 7*third/5760
	}
	return -math.Expm1(-delta) * total, ok, nil
}

// integrate is ∫ f over [from, to] in panels that double, the first of them half of
// scale: f bends near its start and straightens out.
func integrate(f func(float64) float64, from, to, scale float64) float64 {
	var total sum
	width := math.Min(scale/2, (to-from)/100)
	for left := from; left < to; {
		right := math.Min(to, left+width)
		for i, at := range legendre16.at {
			total.add((right - left) * legendre16.weight[i] * f(left+(right-left)*at))
		}
		left, width = right, width*2
	}
	return total.value()
}
