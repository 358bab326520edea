package btyd

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// geometric is a customer of a beta-geometric model who is alive now: the rate of
// purchases is λ ~ gamma(shape, scale), each purchase is the last with the
// probability p ~ beta(a, c). A new customer and one with a history differ in these
// four numbers alone.
type geometric struct{ shape, scale, a, c float64 }

// seriesTerms is how many terms of a series are added up before quadrature takes over.
const seriesTerms = 2048

// expected is the mean number of purchases in a time t from now. Where N is the
// number that would be made without an end, which is negative binomial, and each
// purchase but the last needs the customer to have gone on after the one before,
//
//	E = Σ_{n≥1} P(N = n) Σ_{j<n} E[(1−p)^j],  E[(1−p)^j] = (c)_j/(a+c)_j.
//
// All terms are positive: there is no singularity at a = 1 and nothing cancels, as
// it does in the equivalent expression with ₂F₁ of Fader, Hardie and Lee (2005),
// equation (10). The series is cut off where what is left is below 1e-16 of the sum;
// for long horizons the mean is taken over p by quadrature.
func (g geometric) expected(t float64) (float64, bool) {
	ratio := t / g.scale
	z := t / (g.scale + t)
	// About as many terms as N has values: its mean, and the tail that falls like z^n.
	if terms := g.shape*ratio + 8*math.Sqrt(g.shape*ratio*(1+ratio)) + 37*(1+ratio); !(terms < seriesTerms) {
		return betaMean(g.a, g.c, func(p, _ float64) float64 { return g.given(p, ratio) })
	}
	// The first probability may be below the smallest number: it is kept apart.
	logScale := -g.shape * math.Log1p(ratio)
	probability, total, survivors, going := 1.0, 0.0, 0.0, 1.0
	for n := 0.0; ; n++ {
		all := g.a + g.c + n
		inverse := 1 / (all * (n + 1)) // one division for both quotients
		step := z * (g.shape + n) * all * inverse
		probability *= step // P(N = n+1)
		survivors += going  // Σ_{j≤n} E[(1−p)^j]
		going *= (g.c + n) * (n + 1) * inverse
		term := probability * survivors
		total += term
		// The terms fall at least like powers of the larger of step and z, once that is
		// below 1: what is left is at most term/(1−z), or term/(1−step).
		if term <= 1e-17*total*(1-z) && step < 1 && term <= 1e-17*total*(1-step) {
			break
		}
		if total > 1e200 {
			probability, total = probability*1e-200, total*1e-200
			logScale += 200 * math.Ln10
		}
	}
	return total * math.Exp(logScale), true
}

// residual is the present value of the purchases from now on. For a known p they come
// at the rate shape/scale·(1+p·t/scale)^−(shape+1), so that continuously discounted to s,
// those after s are worth
//
//	(1+p·s/scale)^−shape · shape/p · e^y E_{shape+1}(y), y = δ(scale/p + s),
//
// with the generalised exponential integral; the mean over p is taken by quadrature.
func (g geometric) residual(d Discount) (float64, bool, error) {
	delta, err := d.delta()
	if err != nil {
		return 0, false, err
	}
	from := func(s float64) (float64, bool) {
		return betaMean(g.a, g.c, func(p, _ float64) float64 {
			if p < 1e-300 {
				return g.shape / (g.scale * delta)
			}
			v := g.shape / p * scaledExponentialIntegral(g.shape+1, delta*(g.scale/p+s))
			return v * math.Exp(-g.shape*math.Log1p(p*s/g.scale))
		})
	}
	if d.Compounding == CompoundingContinuous {
		v, ok := from(0)
		return v, ok, nil
	}
	v, ok := perPeriod(g.expected, from, delta)
	return v, ok, nil
}

// given is the mean number for a known p: (1 − (1+p·t/scale)^−shape)/p.
func (g geometric) given(p, ratio float64) float64 {
	exponent := g.shape * math.Log1p(p*ratio)
	if p < 1e-300 {
		return g.shape * ratio
	}
	return -math.Expm1(-exponent) / p
}

// exactly is P(n purchases in a time t from now):
//
//	P(N = n)·E[(1−p)^n] + P(N ≥ n)·E[p(1−p)^(n−1)], the second for n > 0.
//
// Source: Fader, Hardie and Lee (2005), equation (8).
func (g geometric) exactly(n int, t float64) (float64, bool) {
	z := t / (g.scale + t)
	if z == 0 {
		if n == 0 {
			return 1, true
		}
		return 0, true
	}
	k := float64(n)
	logGoing := logBetaRatio(g.a, g.c, k) // E[(1−p)^n]
	v := math.Exp(logNegativeBinomial(g.shape, z, g.scale/(g.scale+t), k) + logGoing)
	if n > 0 {
		// E[p(1−p)^(n−1)] = E[(1−p)^n]·a/(c+n−1), and P(N ≥ n) = I_z(n, shape).
		v += mathext.RegIncBeta(k, g.shape, z) * math.Exp(logGoing+math.Log(g.a)-math.Log(g.c+(k-1)))
	}
	return math.Min(1, v), true
}

// logBetaRatio is ln[(c)_n/(a+c)_n].
func logBetaRatio(a, c, n float64) float64 {
	var up, down rise
	up.extend(c, 0, n)
	down.extend(a+c, 0, n)
	return up.log - down.log
}

// logNegativeBinomial is ln[Γ(shape+n)/(Γ(shape) n!) q^shape z^n], q = 1−z.
func logNegativeBinomial(shape, z, q, n float64) float64 {
	var up, factorial rise
	up.extend(shape, 0, n)
	factorial.extend(1, 0, n)
	v := up.log - factorial.log + shape*math.Log(q)
	if n > 0 {
		v += n * math.Log(z)
	}
	return v
}
