package btyd

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Reasons of the sBG model's own.
const (
	ReasonSurvivorsIncrease = "SURVIVORS_INCREASE" // more customers in a period than in the one before
	ReasonTooFewPeriods     = "TOO_FEW_PERIODS"    // two renewals must have been seen
	ReasonNobodyLost        = "NOBODY_LOST"        // there is no churn to learn from
	ReasonEverybodyLost     = "EVERYBODY_LOST"     // nobody is left at the end
)

// SBG is the shifted-beta-geometric model of a contract that is renewed, or not,
// at the end of each period: a customer leaves with the same probability Θ every
// time, and Θ ~ beta(α, β) among customers. Retention rates rise with time because
// those with a high Θ leave first, not because anybody changes.
//
//	S(t) = B(α, β+t)/B(α, β) = Π (β+i)/(α+β+i), i = 0 … t−1
//
// Source: Fader and Hardie, "How to project customer retention", Journal of
// Interactive Marketing 21(1), 2007.
type SBG struct{ Alpha, Beta float64 }

func (m SBG) check() error {
	for _, p := range []struct {
		name  string
		value float64
	}{{"alpha", m.Alpha}, {"beta", m.Beta}} {
		if !(p.value > 0) || math.IsInf(p.value, 0) {
			return fault.New(fault.InvalidArgument, ReasonParameterInvalid, "%s of the sBG model must be positive and finite, is %v", p.name, p.value)
		}
	}
	return nil
}

// MaxPeriods is how many periods a curve may have.
const MaxPeriods = 100_000

// Survival is the probability of still being a customer after 0, 1, … periods
// renewals, S(0) = 1 first. Faults: a parameter or periods out of bounds.
func (m SBG) Survival(periods int) ([]float64, error) {
	if err := m.curve(periods); err != nil {
		return nil, err
	}
	s := make([]float64, periods+1)
	s[0] = 1
	for t := 1; t <= periods; t++ {
		s[t] = s[t-1] * m.retention(t)
	}
	return s, nil
}

// Retention is the share of those with a contract in period t−1 who renew it for
// period t, r(t) = S(t)/S(t−1) = (β+t−1)/(α+β+t−1), for t = 1 … periods.
// Faults: as of Survival.
func (m SBG) Retention(periods int) ([]float64, error) {
	if err := m.curve(periods); err != nil {
		return nil, err
	}
	r := make([]float64, periods)
	for i := range r {
		r[i] = m.retention(i + 1)
	}
	return r, nil
}

func (m SBG) curve(periods int) error {
	if periods < 0 || periods > MaxPeriods {
		return fault.Invalid("periods", "must be 0 to %d, is %d", MaxPeriods, periods)
	}
	return m.check()
}

func (m SBG) retention(t int) float64 {
	renew := m.Beta + float64(t-1)
	return renew / (m.Alpha + renew)
}

// DiscountedLifetime is the discounted expected lifetime of a new customer (DEL) in
// periods, the first payment due now and certain:
//
//	Σ S(t)/(1+d)ᵗ, t = 0, 1, … = ₂F₁(1, β; α+β; 1/(1+d)) = E[(1+d)/(d+θ)]
//
// The mean over θ is taken by quadrature, which is exact for any d.
// d is the discount rate of a period, 0 or more. Without discount the sum is
// infinite where α ≤ 1: OUTSIDE_MODEL. Source: Fader and Hardie, "Customer-base
// valuation in a contractual setting", Marketing Science 29(1), 2010.
func (m SBG) DiscountedLifetime(d float64) (float64, error) {
	if err := m.discountable(d); err != nil {
		return 0, err
	}
	if d == 0 {
		return (m.Alpha + m.Beta - 1) / (m.Alpha - 1), nil
	}
	return m.discounted(m.Beta, func(p, _ float64) float64 { return (1 + d) / (d + p) })
}

// DiscountedResidualLifetime is the discounted expected residual lifetime (DERL) in
// periods of a customer who has renewed so many times, just before the next
// renewal, whose payment would be due now:
//
//	Σ S(t)/S(n−1)/(1+d)^(t−n), t = n, n+1, …, n = renewals + 1
//	  = (β+n−1)/(α+β+n−1)·₂F₁(1, β+n; α+β+n; 1/(1+d))
//
// Source and faults as of DiscountedLifetime.
func (m SBG) DiscountedResidualLifetime(renewals int, d float64) (float64, error) {
	if err := m.discountable(d); err != nil {
		return 0, err
	}
	if renewals < 0 || renewals > MaxPeriods {
		return 0, fault.Invalid("renewals", "must be 0 to %d, is %d", MaxPeriods, renewals)
	}
	b := m.Beta + float64(renewals)
	if d == 0 {
		return b / (m.Alpha - 1), nil
	}
	return m.discounted(b, func(p, q float64) float64 { return q * (1 + d) / (d + p) })
}

func (m SBG) discountable(d float64) error {
	if err := m.check(); err != nil {
		return err
	}
	if !(d >= 0) || d > 1000 {
		return fault.Invalid("discount_rate", "must be a rate per period between 0 and 1000, e.g. 0.1, is %v", d)
	}
	if d == 0 && m.Alpha <= 1 {
		return fault.New(fault.OutOfRange, ReasonOutsideModel,
			"the expected lifetime is infinite without a discount rate, since alpha is %.4g: 1 or less", m.Alpha)
	}
	return nil
}

// discounted is the mean of what a customer with churn p is worth, over p ~ beta(α, beta).
func (m SBG) discounted(beta float64, worth func(p, q float64) float64) (float64, error) {
	v, ok := betaMean(m.Alpha, beta, worth)
	return finite(v, ok)
}
