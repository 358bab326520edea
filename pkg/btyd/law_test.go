package btyd

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

var laws = map[string]law{
	"bg-nbd": geometricLaw{immediate: 0}, "mbg-nbd": geometricLaw{immediate: 1}, "pareto-nbd": exponentialLaw{},
}

// someCells are histories of all sorts, in order, with covariates.
func someCells(t *testing.T, covariates int) *Cells {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	names := []string{"one", "two"}[:covariates]
	cells := NewCells(names...)
	for range 60 {
		h := History{X: int(rng.ExpFloat64() * 4), T: 1 + 50*rng.Float64()}
		if h.X > 0 {
			h.Tx = h.T * rng.Float64()
			if rng.IntN(6) == 0 {
				h.Tx = h.T
			}
			if rng.IntN(9) == 0 {
				h.X *= 100
			}
		}
		values := []float64{float64(rng.IntN(3)), rng.NormFloat64()}[:covariates]
		if err := cells.Add(h, float64(1+rng.IntN(3)), values...); err != nil {
			t.Fatal(err)
		}
	}
	return cells
}

// TestDerivatives holds the analytic gradient and Hessian against central differences.
func TestDerivatives(t *testing.T) {
	cells := someCells(t, 2)
	effects := []effect{{1, 0, -1}, {1, 1, -1}, {2, 0, 1}, {3, 1, 1}}
	units := []float64{1, 30, 1, 20, 0.5, 0.3, 0.5, 0.3}
	for name, l := range laws {
		for _, theta := range [][]float64{
			{-0.5, -1, 0.2, 0.3, 0.1, -0.2, 0.3, 0.1},
			{1.2, 0.4, -1, 2, -0.3, 0.4, -0.2, 0.2},
			{-2, -4, -3, 3, 0, 0, 0, 0},
			{3, 4, 3, -4, 0.2, 0.1, 0.1, 0.2},
		} {
			k := newLikelihood(l, cells.ordered(), cells.values, effects, units, 2)
			n := len(theta)
			gradient, hessian := make([]float64, n), mat.NewSymDense(n, nil)
			value := k.curve(theta, gradient, hessian)
			plain := make([]float64, n)
			if v := k.evaluate(theta, plain); v != value {
				t.Errorf("%s: value %v with curvature, %v without", name, value, v)
			}
			const step = 1e-5
			for i := range theta {
				x := append([]float64(nil), theta...)
				low, high := make([]float64, n), make([]float64, n)
				x[i] = theta[i] + step
				up := k.evaluate(x, high)
				x[i] = theta[i] - step
				down := k.evaluate(x, low)
				if d := (up - down) / (2 * step); math.Abs(d-gradient[i]) > 1e-6*(1+math.Abs(d))+1e-9*math.Abs(value) {
					t.Errorf("%s at %v: gradient %d is %.10g, by differences %.10g", name, theta, i, gradient[i], d)
				}
				for j := range theta {
					d := (high[j] - low[j]) / (2 * step)
					if h := hessian.At(i, j); math.Abs(d-h) > 1e-6*(1+math.Abs(d)+math.Abs(gradient[j])) {
						t.Errorf("%s at %v: Hessian %d,%d is %.10g, by differences %.10g", name, theta, i, j, h, d)
					}
				}
			}
		}
	}
}

// TestWorkers: sums do not depend on how the work is split.
func TestWorkers(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	cells := NewCells()
	for range 9000 {
		h := History{X: 1 + int(rng.ExpFloat64()*4), T: 1 + 50*rng.Float64()}
		h.Tx = h.T * (1 - rng.Float64())
		if err := cells.Add(h, 1); err != nil {
			t.Fatal(err)
		}
	}
	for name, l := range laws {
		var first []float64
		for _, workers := range []int{1, 2, 5} {
			gradient := make([]float64, 4)
			k := newLikelihood(l, cells.ordered(), cells.values, nil, []float64{1, 30, 1, 30}, workers)
			got := append([]float64{k.evaluate([]float64{-0.5, -1, 0.2, 0.3}, gradient)}, gradient...)
			if first == nil {
				first = got
			}
			for i := range got {
				if got[i] != first[i] {
					t.Errorf("%s: %d workers give %v, one gives %v", name, workers, got, first)
				}
			}
		}
	}
}

// TestParetoOddsTwoWays holds the series against quadrature, which share no code.
func TestParetoOddsTwoWays(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		m := ParetoNBD{R: math.Exp(rng.NormFloat64()), Alpha: 10 * math.Exp(rng.NormFloat64()), S: math.Exp(rng.NormFloat64()), Beta: 10 * math.Exp(rng.NormFloat64())}
		h := History{X: int(rng.ExpFloat64() * 5), T: 100 * rng.Float64()}
		if h.X > 0 {
			h.Tx = h.T * rng.Float64()
		}
		odds, ok := m.odds(h)
		if !ok {
			continue
		}
		p := exponentialParameters{r: m.R, alpha: m.Alpha, s: m.S, beta: m.Beta}
		logScale, total := p.departures(m.R+float64(h.X), h.Tx, h.T)
		want := math.Exp(logScale) * total
		if math.Abs(odds-want) > 1e-12*(1+want) {
			t.Errorf("%+v %+v: odds %.15g, by quadrature %.15g", m, h, odds, want)
		}
	}
}

// TestExpectedTwoWays holds the series of the beta-geometric expectation against
// quadrature over p.
func TestExpectedTwoWays(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		g := geometric{shape: 5 * math.Exp(rng.NormFloat64()), scale: 20 * math.Exp(rng.NormFloat64()), a: math.Exp(rng.NormFloat64()), c: 3 * math.Exp(rng.NormFloat64())}
		if rng.IntN(4) == 0 {
			g.a = 1
		}
		horizon := 60 * rng.Float64()
		got, _ := g.expected(horizon)
		want, ok := betaMean(g.a, g.c, func(p, _ float64) float64 { return g.given(p, horizon/g.scale) })
		if !ok || math.Abs(got-want) > 1e-11*want {
			t.Errorf("%+v over %v: %.15g, by quadrature %.15g (%v)", g, horizon, got, want, ok)
		}
	}
}

// TestExponentialIntegral: the continued fraction and the integral meet at y = 1, and
// E_1 and E_2 are those of tables (Abramowitz and Stegun, tables 5.1 and 5.4).
func TestExponentialIntegral(t *testing.T) {
	for _, s := range []float64{1e-3, 0.3, 1, 1.7, 2, 12, 400} {
		below, above := scaledExponentialIntegral(s, math.Nextafter(1, 0)), scaledExponentialIntegral(s, 1)
		if math.Abs(below/above-1) > 1e-13 {
			t.Errorf("e E_%v(1) is %.16g below and %.16g above", s, below, above)
		}
	}
	for _, c := range []struct{ s, y, want float64 }{{1, 1, 0.2193839344}, {1, 0.5, 0.5597735948}, {2, 0.5, 0.3266439}, {1, 2, 0.0489005107}} {
		if got := scaledExponentialIntegral(c.s, c.y) * math.Exp(-c.y); math.Abs(got/c.want-1) > 2e-7 {
			t.Errorf("E_%v(%v) is %.10g, want %.10g", c.s, c.y, got, c.want)
		}
	}
}

// TestDiscountedTwoWays holds the values of both models against an integral over time by
// steps and a sum term by term.
func TestDiscountedTwoWays(t *testing.T) {
	for _, f := range []future{
		exponential{2.5, 49, 0.6, 50}, exponential{0.5, 10, 0.6, 12}, exponential{200, 90, 3, 400}, exponential{1, 0.5, 1, 0.2},
		geometric{2.3, 43, 0.8, 4.4}, geometric{0.24, 4.4, 0.8, 2.4}, geometric{60, 90, 1, 60}, geometric{3, 2, 3, 0.5},
	} {
		for _, delta := range []float64{0.01, 0.3} {
			mean := func(t float64) float64 { v, _ := f.expected(t); return v }
			continuous, ok, err := f.residual(Discount{Rate: delta, Compounding: CompoundingContinuous})
			if err != nil || !ok {
				t.Fatal(err, ok)
			}
			var want sum // ∫ δ e^−δt E(t) dt in panels that double
			for left, right := 0.0, 0.02; left < 45/delta; left, right = right, 2*right {
				for i, at := range legendre32.at {
					u := left + (right-left)*at
					want.add((right - left) * legendre32.weight[i] * delta * math.Exp(-delta*u) * mean(u))
				}
			}
			if math.Abs(continuous/want.value()-1) > 1e-10 {
				t.Errorf("%+v at %v: %.15g, by steps %.15g", f, delta, continuous, want.value())
			}
			summed, ok, err := f.residual(Discount{Rate: math.Expm1(delta), Compounding: CompoundingPerPeriod})
			if err != nil || !ok {
				t.Fatal(err, ok)
			}
			total, before := 0.0, 0.0
			for k := 1.0; k*delta < 45; k++ {
				now := mean(k)
				total += (now - before) * math.Exp(-delta*k)
				before = now
			}
			if math.Abs(summed/total-1) > 1e-10 {
				t.Errorf("%+v per period at %v: %.15g, term by term %.15g", f, delta, summed, total)
			}
		}
	}
}

// TestPower holds the inlined logarithm and exponential against those of math.
func TestPower(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for range 200_000 {
		v := math.Exp(60 * (rng.Float64() - 0.5))
		if rng.IntN(2) == 0 {
			v = 1 + math.Exp(-35*rng.Float64())
		}
		if got, want := logarithm(v), math.Log(v); math.Abs(got-want) > 4e-16*math.Max(1, math.Abs(want)) {
			t.Fatalf("ln %v is %v, want %v", v, got, want)
		}
		w := 709 * rng.Float64() * rng.Float64()
		if got, want := exponentialOf(w), math.Exp(w); math.Abs(got/want-1) > 6e-16 {
			t.Fatalf("e^%v is %v, want %v", w, got, want)
		}
	}
	if math.Abs(logarithm(1)) > 1e-17 || exponentialOf(0) != 1 || !math.IsInf(exponentialOf(800), 1) || !math.IsInf(exponentialOf(math.Inf(1)), 1) {
		t.Error("the ends are wrong")
	}
}
