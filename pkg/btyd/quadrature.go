package btyd

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// rule is Gauss–Legendre quadrature on [0, 1].
type rule struct{ at, weight []float64 }

func legendre(n int) rule {
	r := rule{at: make([]float64, n), weight: make([]float64, n)}
	quad.Legendre{}.FixedLocations(r.at, r.weight, 0, 1)
	return r
}

// The rules in use. A function e^−L·v on [0, 1] is integrated to 1e-14 by 8 nodes
// for L ≤ 3, by 16 nodes for L ≤ 15.
var (
	legendre8  = legendre(8)
	legendre16 = legendre(16)
	legendre32 = legendre(32)
)

// betaMean is E[f(p, 1−p)] for p ~ beta(a, c) and bounded f, by the trapezoidal rule
// after the double exponential transformation of p's logit (H. Takahasi, M. Mori,
// Double exponential formulas for numerical integration, 1974), halving the step
// until the mean stands still. It reports false where it does not.
func betaMean(a, c float64, f func(p, q float64) float64) (float64, bool) {
	logBeta := lgamma(a) + lgamma(c) - lgamma(a+c)
	if math.IsInf(logBeta, 0) || math.IsNaN(logBeta) {
		return 0, false
	}
	mode, width := math.Log(a)-math.Log(c), math.Sqrt(1/a+1/c)
	term := func(u float64) (density, value float64) {
		y := mode + width*math.Sinh(u)
		// p = 1/(1+e^−y) and 1−p, each without loss.
		e := math.Exp(-math.Abs(y))
		p, q := 1/(1+e), e/(1+e)
		logP, logQ := -math.Log1p(e), -math.Abs(y)-math.Log1p(e)
		if y < 0 {
			p, q, logP, logQ = q, p, logQ, logP
		}
		density = math.Exp(a*logP+c*logQ-logBeta) * width * math.Cosh(u)
		if density == 0 {
			return 0, 0
		}
		return density, density * f(p, q)
	}
	mass, total := term(0)
	// add takes the nodes from, from+stride, … on both sides.
	add := func(from, stride float64) {
		for _, direction := range []float64{-1, 1} {
			for u := from; u < 12; u += stride {
				density, value := term(direction * u)
				mass, total = mass+density, total+value
				if u > 1 && density < 1e-30 {
					break
				}
			}
		}
	}
	add(0.5, 0.5)
	mean := total / mass
	for step := 0.25; step > 1e-3; step /= 2 {
		previous := mean
		add(step, 2*step)
		// The mass is 1 but for the rule's own error and that of logBeta: dividing
		// by it takes the latter out.
		mean = total / mass
		if math.Abs(mean-previous) <= 1e-13*math.Abs(mean) {
			return mean, true
		}
	}
	return mean, false
}
