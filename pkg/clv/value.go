package clv

import "math"

// Period is one term of the sum.
type Period struct {
	// T is the number of periods from now until the margin falls due.
	T int
	// Margin is mₜ in minor units.
	Margin int64
	// Survival is rᵗ, the probability of still being a customer.
	Survival float64
	// Discount is 1/(1+d)ᵗ.
	Discount float64
	// Value is mₜ·rᵗ/(1+d)ᵗ in minor units, not rounded.
	Value float64
}

// Result is a plan and what it comes to. Amounts are in minor units of the plan's
// currency, rounded once, from the whole sum, half to even.
type Result struct {
	Plan            Plan
	PeriodRetention float64 // R^(1/n)
	PeriodDiscount  float64 // (1+D)^(1/n) − 1
	Periods         []Period
	Historic        int64 // as in the plan
	Residual        int64 // the sum over the periods
	Total           int64 // Historic + Residual
}

// Of works out a plan. The fault is Plan.Check's.
func Of(p Plan) (*Result, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	periods := p.terms()
	residual := int64(math.RoundToEven(total(periods)))
	return &Result{
		Plan: p, PeriodRetention: p.PeriodRetention(), PeriodDiscount: p.PeriodDiscount(), Periods: periods,
		Historic: p.Historic, Residual: residual, Total: p.Historic + residual,
	}, nil
}

// terms are the periods of a plan that has been checked. Powers are taken of the
// annual rates, so that twelve months are a year to the last digit or two.
func (p Plan) terms() []Period {
	periods := make([]Period, len(p.Margins))
	for i, m := range p.Margins {
		t := i + p.first()
		years := float64(t) / float64(p.PeriodsPerYear)
		at := Period{T: t, Margin: m, Survival: math.Pow(p.Retention, years), Discount: math.Exp(-years * math.Log1p(p.DiscountRate))}
		at.Value = float64(m) * at.Survival * at.Discount
		periods[i] = at
	}
	return periods
}

// total is the compensated sum of the values (Neumaier 1974).
func total(periods []Period) float64 {
	var sum, lost float64
	for _, at := range periods {
		next := sum + at.Value
		if math.Abs(sum) >= math.Abs(at.Value) {
			lost += (sum - next) + at.Value
		} else {
			lost += (at.Value - next) + sum
		}
		sum = next
	}
	return sum + lost
}

// residual is the value of a plan that has been checked, not rounded.
func (p Plan) residual() float64 { return total(p.terms()) }
