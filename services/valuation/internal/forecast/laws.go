package forecast

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/integrate/quad"

	"github.com/kehuhq/kehu/pkg/btyd"
)

// legendre is the nodes and weights of Gauss–Legendre quadrature on [0, 1].
func legendre(n int) (at, weight []float64) {
	at, weight = make([]float64, n), make([]float64, n)
	quad.Legendre{}.FixedLocations(at, weight, 0, 1)
	return at, weight
}

// Purchases is the model of purchases as pkg/btyd has it.
func (m *Model) Purchases() (*btyd.Predictor, error) {
	if len(m.Parameters) != 4 || m.UnitDays <= 0 {
		return nil, unusable(m)
	}
	p := m.Parameters
	switch m.Kind {
	case BGNBD:
		return btyd.NewPredictor(btyd.BGNBD{R: p[0], Alpha: p[1], A: p[2], B: p[3]})
	case MBGNBD:
		return btyd.NewPredictor(btyd.MBGNBD{R: p[0], Alpha: p[1], A: p[2], B: p[3]})
	case ParetoNBD:
		return btyd.NewPredictor(btyd.ParetoNBD{R: p[0], Alpha: p[1], S: p[2], Beta: p[3]})
	default:
		return nil, unusable(m)
	}
}

// rate is the shape and the scale of the distribution of the rate of orders, of a
// customer who is alive: in all three models gamma(r+x, α+T).
func (c *counter) rate(h btyd.History) (shape, scale float64) {
	var r, alpha float64
	switch m := c.model.Model().(type) {
	case btyd.BGNBD:
		r, alpha = m.R, m.Alpha
	case btyd.MBGNBD:
		r, alpha = m.R, m.Alpha
	case btyd.ParetoNBD:
		r, alpha = m.R, m.Alpha
	}
	return r + float64(h.X), alpha + h.T
}

// leaving draws how a customer who is alive leaves: after a time, by Pareto/NBD,
// whose dropout rate is then gamma(s, β+T); or with a probability at each order,
// which is beta(a, b+x) by BG/NBD, and beta(a, b+x+1) by MBG/NBD, where the
// customer could have left at the first order too.
func (c *counter) leaving(h btyd.History, random *rand.Rand) (after, probability float64) {
	beta := func(a, b float64) float64 {
		x, y := gamma(a, 1, random), gamma(b, 1, random)
		if x+y == 0 {
			return 0
		}
		return x / (x + y)
	}
	switch m := c.model.Model().(type) {
	case btyd.ParetoNBD:
		return random.ExpFloat64() / gamma(m.S, m.Beta+h.T, random), 0
	case btyd.BGNBD:
		return math.Inf(1), beta(m.A, m.B+float64(h.X))
	case btyd.MBGNBD:
		return math.Inf(1), beta(m.A, m.B+float64(h.X)+1)
	}
	return math.Inf(1), 0
}
