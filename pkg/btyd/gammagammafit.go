package btyd

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
)

const (
	// fewestSpenders is how many customers with repeat purchases a fit takes at
	// least, and fewSpenders how many it takes without a warning.
	fewestSpenders = 10
	fewSpenders    = 50
	// constantSpend is the p from which on the values of a customer's own purchases
	// vary by less than a hundredth of their mean: the likelihood hardly changes then
	// while p·v stays the same.
	constantSpend = 10_000
	// SpendCorrelationLimit is the correlation of spend and frequency, either way,
	// from which on a fit warns that the model's independence does not hold.
	SpendCorrelationLimit = 0.3
)

// FitGammaGamma estimates the model from the mean values of repeat purchases, by
// maximum likelihood over the customers with x ≥ 1 and a value above 0.
//
// Refusals, FAILED_PRECONDITION: NO_REPEAT_OBSERVED, TOO_FEW_REPEAT_BUYERS below 10
// customers, NO_VARIATION where all values are the same. Warnings besides those of
// every fit: SPEND_NOT_POSITIVE with how many were left out, SPEND_CORRELATED from
// SpendCorrelationLimit on, SPEND_MEAN_UNDEFINED where q ≤ 1, TOO_FEW_REPEAT_BUYERS
// below 50.
func FitGammaGamma(ctx context.Context, cells *SpendCells, o Options) (GammaGamma, *Estimate, error) {
	cells.tidy()
	_, mean, correlation, varies := cells.moments()
	customers := cells.Customers()
	switch {
	case customers == 0 && cells.NotPositive > 0:
		return GammaGamma{}, nil, refuse(ReasonSpendNotPositive, "the repeat purchases of all %g customers are worth 0 or less", cells.NotPositive)
	case customers == 0:
		return GammaGamma{}, nil, refuse(ReasonNoRepeatObserved, "nobody has bought again: the value of purchases is learnt from repeat purchases")
	case customers < fewestSpenders:
		return GammaGamma{}, nil, refuse(ReasonTooFewRepeatBuyers, "%g customers have bought again; the value of purchases takes %d to be learnt", customers, fewestSpenders)
	case !varies:
		return GammaGamma{}, nil, refuse(ReasonNoVariation, "all purchases are worth the same, %g: there is nothing to be learnt", mean)
	}
	p := problem{
		names: []string{"p", "q", "v"}, units: []float64{1, 1, mean}, customers: customers,
		starts: [][]float64{{0.7, 1.4, 0}, {2, 1, -1}, {0, 0.3, 0}},
	}
	at := func(theta []float64) GammaGamma {
		return GammaGamma{math.Exp(theta[0]), math.Exp(theta[1]), mean * math.Exp(theta[2])}
	}
	p.evaluate = func(theta, gradient []float64) float64 { return cells.evaluate(at(theta), gradient, nil) }
	p.curve = func(theta, gradient []float64, hessian *mat.SymDense) float64 {
		return cells.evaluate(at(theta), gradient, hessian)
	}
	e, err := maximize(ctx, p, o)
	if err != nil {
		return GammaGamma{}, nil, err
	}
	v := e.Values()
	m := GammaGamma{P: v[0], Q: v[1], V: v[2]}
	if m.P >= constantSpend && !e.Warned(ReasonParameterAtBoundary) {
		e.Converged = false
		e.Warnings = append(e.Warnings, warn(ReasonParameterAtBoundary,
			"p is %.3g: each customer's purchases are all but worth the same, so that p and v cannot be told apart; their product, %.4g, can", m.P, m.P*m.V))
	}
	e.Warnings = append(e.Warnings, cells.warnings(m, customers, correlation)...)
	return m, e, nil
}

// evaluate is the log-likelihood of all cells, its gradient in log p, log q and log v,
// and its Hessian where one is given. The cells are sorted by x, so that what depends
// on x alone is worked out once for each.
func (c *SpendCells) evaluate(m GammaGamma, gradient []float64, hessian *mat.SymDense) float64 {
	var value, dp, dq, dv sum
	var pp, pq, pv, qq, qv, vv float64
	psiQ, rateQ := mathext.Digamma(m.Q), mathext.Zeta(2, m.Q)
	var x, beta, psi, psiPX, rate, ratePX float64 // of this x; the rates are trigamma functions
	for _, cell := range c.cells {
		if cell.x != x {
			x = cell.x
			beta = logBeta(m.P*x, m.Q)
			psi, psiPX = mathext.Digamma(m.P*x+m.Q), mathext.Digamma(m.P*x)
			if hessian != nil {
				rate, ratePX = mathext.Zeta(2, m.P*x+m.Q), mathext.Zeta(2, m.P*x)
			}
		}
		px, total, w := m.P*x, x*cell.mean, cell.weight
		v, s := math.Log1p(total/m.V), math.Log1p(m.V/total) // −log of the shares of v and of x·m̄ in their sum
		byP, byQ := px*(psi-psiPX-s), m.Q*(psi-psiQ-v)
		value.add(w * (-beta - m.Q*v - px*s - math.Log(cell.mean)))
		dp.add(w * byP)
		dq.add(w * byQ)
		// q − (px+q)·v/(v+x·m̄), written without cancelling.
		dv.add(w * (m.Q*total - px*m.V) / (m.V + total))
		if hessian == nil {
			continue
		}
		share := m.V / (m.V + total)
		pp += w * (byP + px*px*(rate-ratePX))
		pq += w * px * m.Q * rate
		pv -= w * px * share
		qq += w * (byQ + m.Q*m.Q*(rate-rateQ))
		qv += w * m.Q * (1 - share)
		vv -= w * (px + m.Q) * share * (1 - share)
	}
	gradient[0], gradient[1], gradient[2] = dp.value(), dq.value(), dv.value()
	if hessian != nil {
		for i, row := range [3][3]float64{{pp, pq, pv}, {pq, qq, qv}, {pv, qv, vv}} {
			for j := i; j < 3; j++ {
				hessian.SetSym(i, j, row[j])
			}
		}
	}
	return value.value()
}

func (c *SpendCells) warnings(m GammaGamma, customers, correlation float64) []Warning {
	var all []Warning
	if c.NotPositive > 0 {
		all = append(all, warn(ReasonSpendNotPositive, "%g customers are left out, whose repeat purchases are worth 0 or less", c.NotPositive))
	}
	if math.Abs(correlation) >= SpendCorrelationLimit {
		all = append(all, warn(ReasonSpendCorrelated,
			"spend and frequency go together (correlation %.3f, limit ±%.1f): the model takes them for independent, and the value of those who buy often is off",
			correlation, SpendCorrelationLimit))
	}
	if m.Q <= 1 {
		all = append(all, warn(ReasonSpendMeanUndefined,
			"q is %.4g, 1 or less: the mean over all customers is infinite, and one-time buyers have no expected spend", m.Q))
	}
	if customers < fewSpenders {
		all = append(all, warn(ReasonTooFewRepeatBuyers, "%g customers have bought again: the estimate is mostly chance below %d", customers, fewSpenders))
	}
	return all
}
