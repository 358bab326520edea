package btyd

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// at evaluates log-likelihood, gradient and Hessian.
func (s *search) at(theta []float64) place {
	n := len(theta)
	p := place{theta: slices.Clone(theta), gradient: make([]float64, n), hessian: mat.NewSymDense(n, nil)}
	if s.curve != nil {
		p.value = s.curve(p.theta, p.gradient, p.hessian)
		return p
	}
	p.value = s.evaluate(p.theta, p.gradient)
	s.differences(p.theta, p.hessian)
	return p
}

// differences writes the Hessian by central differences of the analytic gradient.
// The step balances the error of the formula, of the order step², with the
// rounding of the gradient.
func (s *search) differences(theta []float64, hessian *mat.SymDense) {
	const step = 1e-5
	n := len(theta)
	rows, low, high := mat.NewDense(n, n, nil), make([]float64, n), make([]float64, n)
	x := slices.Clone(theta)
	for i := range n {
		x[i] = theta[i] + step
		s.evaluate(x, high)
		x[i] = theta[i] - step
		s.evaluate(x, low)
		x[i] = theta[i]
		for j := range n {
			rows.Set(i, j, (high[j]-low[j])/(2*step))
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			hessian.SetSym(i, j, (rows.At(i, j)+rows.At(j, i))/2)
		}
	}
}

// finish runs Newton's method from theta: steps that do not lower the
// log-likelihood, damped where it is not concave, until the gradient is as small
// as rounding allows.
func (s *search) finish(theta []float64) (place, error) {
	here := s.at(theta)
	for range newtonIterations {
		if err := s.ctx.Err(); err != nil {
			return place{}, err
		}
		free := s.free(here)
		// Below the tolerance one more step is taken where it still helps.
		size := largest(here.gradient, free)
		if len(free) == 0 || size < gradientTolerance/10 {
			break
		}
		s.iterations++
		attempts := 25
		if size < gradientTolerance {
			attempts = 1
		}
		next, ok := s.step(here, free, size, attempts)
		if !ok {
			break
		}
		here = next
	}
	return here, nil
}

// free are the variables that may move: not fixed, and not held at a limit by a
// gradient that points outwards.
func (s *search) free(here place) []int {
	var free []int
	for i, v := range here.theta {
		limit := s.limit(i)
		outwards := (v >= limit && here.gradient[i] >= 0) || (v <= -limit && here.gradient[i] <= 0)
		if !s.fixed[i] && !outwards {
			free = append(free, i)
		}
	}
	return free
}

// step tries Newton's step with more and more damping. It reports false where
// nothing better was found in that many attempts.
func (s *search) step(here place, free []int, size float64, attempts int) (place, bool) {
	rounding := 1e-13 * (1 + math.Abs(here.value))
	damping := 0.0
	for range attempts {
		direction, ok := ascent(here, free, damping)
		if ok {
			theta := slices.Clone(here.theta)
			longest := 0.0
			for _, d := range direction {
				longest = math.Max(longest, math.Abs(d))
			}
			shorten := math.Min(1, 2/math.Max(longest, 1e-300)) // at most e² at once
			for k, i := range free {
				limit := s.limit(i)
				theta[i] = math.Max(-limit, math.Min(limit, theta[i]+shorten*direction[k]))
			}
			next := s.at(theta)
			// Near the maximum rounding hides the gain; there the gradient tells.
			if next.value > here.value+rounding || (next.value > here.value-rounding && largest(next.gradient, s.free(next)) < size) {
				return next, true
			}
			if s.ctx.Err() != nil {
				return here, false
			}
		}
		damping = math.Max(10*damping, 1e-4)
	}
	return here, false
}

// ascent solves (−H + damping·D) d = g over the free variables, D being the larger
// of |diagonal of H| and a small share of its largest entry. It reports false where
// the matrix is not positive definite.
func ascent(here place, free []int, damping float64) ([]float64, bool) {
	n := len(free)
	m, g := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	top := 0.0
	for _, i := range free {
		top = math.Max(top, math.Abs(here.hessian.At(i, i)))
	}
	top = math.Max(top, 1e-300)
	for a, i := range free {
		g.SetVec(a, here.gradient[i])
		for b := a; b < n; b++ {
			m.SetSym(a, b, -here.hessian.At(i, free[b]))
		}
		scale := math.Max(math.Abs(here.hessian.At(i, i)), 1e-8*top)
		m.SetSym(a, a, m.At(a, a)+damping*scale)
	}
	var factor mat.Cholesky
	if !factor.Factorize(m) {
		return nil, false
	}
	var d mat.VecDense
	// An ill-conditioned solution is still an ascent direction; the step is checked.
	_ = factor.SolveVecTo(&d, g)
	direction := d.RawVector().Data
	for _, v := range direction {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, false
		}
	}
	return direction, true
}

// largest is the largest |gradient| among the given variables.
func largest(gradient []float64, among []int) float64 {
	size := 0.0
	for _, i := range among {
		size = math.Max(size, math.Abs(gradient[i]))
	}
	return size
}
