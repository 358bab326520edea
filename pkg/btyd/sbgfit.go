package btyd

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/kehuhq/kehu/pkg/fault"
)

// maxSurvivors keeps counts exact in floating point.
const maxSurvivors = 1 << 50

// FitSBG estimates the model from how many customers of one cohort were left at the
// start and after each renewal, by maximum likelihood:
//
//	log L = Σ lost(t)·log(α/(α+β+t−1)) + left(t)·log((β+t−1)/(α+β+t−1))
//
// over the renewals t, which equals the paper's, Σ lost(t)·log P(T=t) + left·log S.
//
// Refusals: SURVIVORS_INCREASE, TOO_FEW_PERIODS, NOBODY_LOST, EVERYBODY_LOST, all
// FAILED_PRECONDITION; an InvalidArgument fault for counts out of bounds. Where
// retention does not rise, both parameters run to infinity and the estimate says
// PARAMETER_AT_BOUNDARY: everybody leaves with the same probability then.
func FitSBG(ctx context.Context, survivors []int64, o Options) (SBG, *Estimate, error) {
	if err := checkSurvivors(survivors); err != nil {
		return SBG{}, nil, err
	}
	cohort := sbgCohort(survivors)
	var lost, exposed float64
	for t := 1; t < len(survivors); t++ {
		lost += cohort.lost(t)
		exposed += float64(survivors[t-1])
	}
	odds := math.Log(exposed-lost) - math.Log(lost) // log β/α of the mean
	p := problem{
		names: []string{"alpha", "beta"}, customers: float64(survivors[0]),
		evaluate: func(theta, gradient []float64) float64 { return cohort.evaluate(theta, gradient, nil) },
		curve:    cohort.evaluate,
	}
	for _, start := range []float64{0, -2, 2} {
		p.starts = append(p.starts, []float64{start, start + odds})
	}
	e, err := maximize(ctx, p, o)
	if err != nil {
		return SBG{}, nil, err
	}
	if e.LogLikelihood <= cohort.alike(lost, exposed)+1e-9 && !e.Warned(ReasonParameterAtBoundary) {
		e.Converged = false
		e.Warnings = append(e.Warnings, warn(ReasonParameterAtBoundary,
			"retention does not rise: alpha and beta run to infinity, and all leave with the same probability, %.4g", lost/exposed))
	}
	v := e.Values()
	return SBG{Alpha: v[0], Beta: v[1]}, e, nil
}

func checkSurvivors(survivors []int64) error {
	if len(survivors) > MaxPeriods {
		return fault.Invalid("survivors", "must be %d counts at most, are %d", MaxPeriods, len(survivors))
	}
	for t, n := range survivors {
		switch {
		case n < 0 || n > maxSurvivors:
			return fault.Invalid("survivors", "must be counts from 0 to %d, is %d in period %d", int64(maxSurvivors), n, t)
		case t > 0 && n > survivors[t-1]:
			return refuse(ReasonSurvivorsIncrease, "period %d has %d customers, more than the %d before: survivors are those left of one cohort", t, n, survivors[t-1])
		}
	}
	if len(survivors) < 3 {
		return refuse(ReasonTooFewPeriods, "two renewals must have been seen: three counts, the cohort's size first; got %d", len(survivors))
	}
	first, last := survivors[0], survivors[len(survivors)-1]
	switch {
	case last == 0:
		return refuse(ReasonEverybodyLost, "nobody is left in the last period: leave out the periods from which on that is so")
	case first == last:
		return refuse(ReasonNobodyLost, "all %d customers are still there: there is no churn to learn from", first)
	}
	return nil
}

// sbgCohort is how many customers are left after each renewal.
type sbgCohort []int64

func (c sbgCohort) lost(t int) float64 { return float64(c[t-1] - c[t]) }

// alike is the log-likelihood if all leave with the same probability, the limit of
// infinite parameters.
func (sbgCohort) alike(lost, exposed float64) float64 {
	return lost*math.Log(lost/exposed) + (exposed-lost)*math.Log1p(-lost/exposed)
}

// evaluate is the log-likelihood at log α and log β with its gradient, and its
// Hessian where one is given.
func (c sbgCohort) evaluate(theta, gradient []float64, hessian *mat.SymDense) float64 {
	a, b := math.Exp(theta[0]), math.Exp(theta[1])
	var value, da, db, daa, dbb, dab float64
	for t := 1; t < len(c); t++ {
		lost, left, renew := c.lost(t), float64(c[t]), b+float64(t-1)
		all := a + renew
		value -= lost*math.Log1p(renew/a) + left*math.Log1p(a/renew)
		exposed := (lost + left) / all
		da += lost/a - exposed
		db += left/renew - exposed
		daa += exposed/all - lost/(a*a)
		dbb += exposed/all - left/(renew*renew)
		dab += exposed / all
	}
	gradient[0], gradient[1] = a*da, b*db
	if hessian != nil {
		hessian.SetSym(0, 0, a*a*daa+a*da)
		hessian.SetSym(1, 1, b*b*dbb+b*db)
		hessian.SetSym(0, 1, a*b*dab)
	}
	return value
}
