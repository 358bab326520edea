package btyd

import (
	"context"
	"slices"
)

// BGNBD is the BG/NBD model: purchases at a rate λ ~ gamma(R, Alpha), and after each
// repeat purchase the end with a probability p ~ beta(A, B).
//
// P. Fader, B. Hardie, K. Lee, "Counting Your Customers" the Easy Way, Marketing
// Science 24 (2005): likelihood (6), P(X(t)=x) (8), E[X(t)] (9), conditional
// expectation (10).
type BGNBD struct {
	R     float64 `json:"r"`
	Alpha float64 `json:"alpha"` // in the unit of time
	A     float64 `json:"a"`
	B     float64 `json:"b"`
}

var geometricNames = [4]string{"r", "alpha", "a", "b"}

// FitBGNBD fits the BG/NBD model by maximum likelihood.
// It refuses what cannot support it: TOO_FEW_CUSTOMERS, NO_REPEAT_OBSERVED,
// TOO_FEW_REPEAT_BUYERS, NO_VARIATION; see Estimate for warnings. cells have no covariates.
func FitBGNBD(ctx context.Context, cells *Cells, o Options) (BGNBD, *Estimate, error) {
	e, err := fitModel(ctx, cells, BGNBD{}, o)
	if err != nil {
		return BGNBD{}, nil, err
	}
	return BGNBD{}.of(e.Values()), e, nil
}

// Name is bg-nbd.
func (BGNBD) Name() string { return "bg-nbd" }

// Names are r, alpha, a, b.
func (BGNBD) Names() []string { return slices.Clone(geometricNames[:]) }

// Values are the parameters in the order of Names.
func (m BGNBD) Values() []float64 { return []float64{m.R, m.Alpha, m.A, m.B} }

func (BGNBD) of(v []float64) BGNBD { return BGNBD{R: v[0], Alpha: v[1], A: v[2], B: v[3]} }

func (m BGNBD) with(v []float64) Model { return m.of(v) }

func (m BGNBD) check() error { return checkPositive(&geometricNames, m.R, m.Alpha, m.A, m.B) }

func (BGNBD) law() law { return geometricLaw{immediate: 0} }

// alive is 1/(1 + a/(b+x−1)·((α+T)/(α+t_x))^(r+x)), and 1 for x = 0.
func (m BGNBD) alive(h History) float64 {
	var v [1]float64
	m.aliveAll([]History{h}, v[:])
	return v[0]
}

func (m BGNBD) aliveAll(histories []History, into []float64) {
	for i := range histories {
		h := &histories[i]
		if h.X == 0 {
			into[i] = 1
			continue
		}
		x := float64(h.X)
		b := m.B + (x - 1)
		into[i] = b / (b + m.A*exponentialOf((m.R+x)*logarithm((m.Alpha+h.T)/(m.Alpha+h.Tx))))
	}
}

// ahead has p ~ beta(a, b+x): as many ends have been survived as there were repeats.
func (m BGNBD) ahead(h History) future {
	x := float64(h.X)
	return geometric{shape: m.R + x, scale: m.Alpha + h.T, a: m.A, c: m.B + x}
}

func (m BGNBD) newcomer() (float64, future) {
	return 1, geometric{shape: m.R, scale: m.Alpha, a: m.A, c: m.B}
}
