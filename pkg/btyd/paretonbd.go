package btyd

import (
	"context"
	"math"
	"slices"
)

// ParetoNBD is the Pareto/NBD model: purchases at a rate λ ~ gamma(R, Alpha), and the
// end at any time at a rate μ ~ gamma(S, Beta).
//
// D. Schmittlein, D. Morrison, R. Colombo, Counting Your Customers, Management Science
// 33 (1987), in the notation of P. Fader, B. Hardie, A Note on Deriving the Pareto/NBD
// Model and Related Expressions (2005); discounted residual transactions: the same,
// Deriving an Expression for the Pareto/NBD Residual CLV (2005b).
type ParetoNBD struct {
	R     float64 `json:"r"`
	Alpha float64 `json:"alpha"` // in the unit of time
	S     float64 `json:"s"`
	Beta  float64 `json:"beta"` // in the unit of time
}

var exponentialNames = [4]string{"r", "alpha", "s", "beta"}

// FitParetoNBD fits the Pareto/NBD model by maximum likelihood.
// It refuses what cannot support it: TOO_FEW_CUSTOMERS, NO_REPEAT_OBSERVED,
// TOO_FEW_REPEAT_BUYERS, NO_VARIATION; see Estimate for warnings. cells have no covariates.
func FitParetoNBD(ctx context.Context, cells *Cells, o Options) (ParetoNBD, *Estimate, error) {
	e, err := fitModel(ctx, cells, ParetoNBD{}, o)
	if err != nil {
		return ParetoNBD{}, nil, err
	}
	return ParetoNBD{}.of(e.Values()), e, nil
}

// Name is pareto-nbd.
func (ParetoNBD) Name() string { return "pareto-nbd" }

// Names are r, alpha, s, beta.
func (ParetoNBD) Names() []string { return slices.Clone(exponentialNames[:]) }

// Values are the parameters in the order of Names.
func (m ParetoNBD) Values() []float64 { return []float64{m.R, m.Alpha, m.S, m.Beta} }

func (ParetoNBD) of(v []float64) ParetoNBD {
	return ParetoNBD{R: v[0], Alpha: v[1], S: v[2], Beta: v[3]}
}

func (m ParetoNBD) with(v []float64) Model { return m.of(v) }

func (m ParetoNBD) check() error { return checkPositive(&exponentialNames, m.R, m.Alpha, m.S, m.Beta) }

func (ParetoNBD) law() law { return exponentialLaw{} }

// alive is 1/(1 + e^δ), e^δ being the odds of having stopped: see exponentialLaw.
func (m ParetoNBD) alive(h History) float64 {
	if odds, ok := m.odds(h); ok {
		return 1 / (1 + odds)
	}
	p := exponentialParameters{r: m.R, alpha: m.Alpha, s: m.S, beta: m.Beta}
	logScale, total := p.departures(m.R+float64(h.X), h.Tx, h.T)
	if total == 0 {
		return 1
	}
	return 1 / (1 + math.Exp(logScale+math.Log(total)))
}

func (m ParetoNBD) aliveAll(histories []History, into []float64) {
	for i := range histories {
		into[i] = m.alive(histories[i])
	}
}

// odds are those of having stopped by the series of ₂F₁(1, ·; r+s+x+1; z) that Euler's
// transformation of Fader and Hardie (2005), equation (21), gives. Its terms are
// positive and fall faster than z^k. It reports false where z is so near 1 that
// quadrature is faster, or where a power is out of range.
func (m ParetoNBD) odds(h History) (float64, bool) {
	if h.Tx == h.T {
		return 0, true
	}
	const nearOne = 0.7
	shape := m.R + float64(h.X)
	both := shape + m.S
	startA, startB, endA, endB := m.Alpha+h.Tx, m.Beta+h.Tx, m.Alpha+h.T, m.Beta+h.T
	exponent := shape*logarithm(endA/startA) + m.S*logarithm(endB/startB)
	if exponent > 600 {
		return 0, false
	}
	if m.Alpha >= m.Beta {
		gap := m.Alpha - m.Beta
		if gap > nearOne*startA {
			return 0, false
		}
		odds := m.S / both * (exponentialOf(exponent)*series(shape, both+1, gap/startA) - series(shape, both+1, gap/endA))
		return math.Max(0, odds), true
	}
	gap := m.Beta - m.Alpha
	if gap > nearOne*startB {
		return 0, false
	}
	odds := m.S / both * (exponentialOf(exponent)*startA/startB*series(m.S+1, both+1, gap/startB) - endA/endB*series(m.S+1, both+1, gap/endB))
	return math.Max(0, odds), true
}

// series is ₂F₁(1, g; c; z) = Σ (g)_k/(c)_k z^k, for 0 ≤ z well below 1 and 0 < g < c+1.
func series(g, c, z float64) float64 {
	term, total := 1.0, 1.0
	for k := 0.0; term > 1e-17*total; k++ {
		term *= z * (g + k) / (c + k)
		total += term
	}
	return total
}

// ahead has gamma(r+x, α+T) and gamma(s, β+T), alive at T.
func (m ParetoNBD) ahead(h History) future {
	return exponential{shape: m.R + float64(h.X), scale: m.Alpha + h.T, s: m.S, beta: m.Beta + h.T}
}

func (m ParetoNBD) newcomer() (float64, future) {
	return 1, exponential{shape: m.R, scale: m.Alpha, s: m.S, beta: m.Beta}
}
