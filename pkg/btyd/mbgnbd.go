package btyd

import (
	"context"
	"slices"
)

// MBGNBD is the modified BG/NBD model: as BGNBD, but customers may stop right after
// their first purchase too, so that one-time buyers are not taken to be alive.
//
// E. Batislam, M. Denizel, A. Filiztekin, Empirical validation and comparison of models
// for customer base analysis, Int. J. of Research in Marketing 24 (2007).
type MBGNBD struct {
	R     float64 `json:"r"`
	Alpha float64 `json:"alpha"` // in the unit of time
	A     float64 `json:"a"`
	B     float64 `json:"b"`
}

// FitMBGNBD fits the MBG/NBD model by maximum likelihood.
// It refuses what cannot support it: TOO_FEW_CUSTOMERS, NO_REPEAT_OBSERVED,
// TOO_FEW_REPEAT_BUYERS, NO_VARIATION; see Estimate for warnings. cells have no covariates.
func FitMBGNBD(ctx context.Context, cells *Cells, o Options) (MBGNBD, *Estimate, error) {
	e, err := fitModel(ctx, cells, MBGNBD{}, o)
	if err != nil {
		return MBGNBD{}, nil, err
	}
	return MBGNBD{}.of(e.Values()), e, nil
}

// Name is mbg-nbd.
func (MBGNBD) Name() string { return "mbg-nbd" }

// Names are r, alpha, a, b.
func (MBGNBD) Names() []string { return slices.Clone(geometricNames[:]) }

// Values are the parameters in the order of Names.
func (m MBGNBD) Values() []float64 { return []float64{m.R, m.Alpha, m.A, m.B} }

func (MBGNBD) of(v []float64) MBGNBD { return MBGNBD{R: v[0], Alpha: v[1], A: v[2], B: v[3]} }

func (m MBGNBD) with(v []float64) Model { return m.of(v) }

func (m MBGNBD) check() error { return checkPositive(&geometricNames, m.R, m.Alpha, m.A, m.B) }

func (MBGNBD) law() law { return geometricLaw{immediate: 1} }

// alive is 1/(1 + a/(b+x)·((α+T)/(α+t_x))^(r+x)).
func (m MBGNBD) alive(h History) float64 {
	var v [1]float64
	m.aliveAll([]History{h}, v[:])
	return v[0]
}

func (m MBGNBD) aliveAll(histories []History, into []float64) {
	for i := range histories {
		h := &histories[i]
		x := float64(h.X)
		b := m.B + x
		into[i] = b / (b + m.A*exponentialOf((m.R+x)*logarithm((m.Alpha+h.T)/(m.Alpha+h.Tx))))
	}
}

// ahead has p ~ beta(a, b+x+1): the first purchase was survived as well.
func (m MBGNBD) ahead(h History) future {
	x := float64(h.X)
	return geometric{shape: m.R + x, scale: m.Alpha + h.T, a: m.A, c: m.B + x + 1}
}

// newcomer has survived the first purchase with the probability b/(a+b).
func (m MBGNBD) newcomer() (float64, future) {
	return m.B / (m.A + m.B), geometric{shape: m.R, scale: m.Alpha, a: m.A, c: m.B + 1}
}
