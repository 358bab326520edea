package survival

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// objective is a concave log-likelihood. It fills the gradient and the information,
// the negative of the matrix of second derivatives, at theta. Outside its domain,
// or where it overflows, the value is not finite, and the rest does not matter.
type objective func(theta, gradient []float64, information *mat.SymDense) float64

// optimum is where a search ended.
type optimum struct {
	theta, gradient []float64
	value           float64
	information     *mat.SymDense
	iterations      int
	converged       bool
	// drifting are parameters that kept going although the value hardly grew.
	drifting []int
}

func newOptimum(theta []float64) *optimum {
	p := len(theta)
	return &optimum{theta: slices.Clone(theta), gradient: make([]float64, p), information: mat.NewSymDense(p, nil)}
}

// at evaluates where a search begins.
func (f objective) at(theta []float64) *optimum {
	o := newOptimum(theta)
	o.value = f(o.theta, o.gradient, o.information)
	return o
}

const (
	maxIterations = 100
	// A search has converged when another step would gain this part of the value. As
	// steps shrink quadratically, what is left then is rounding.
	enough = 1e-20
	// A coefficient that is infinite grows by about one unit of the linear
	// predictor with each full step, while what is gained falls by the factor e.
	// One that is finite takes steps that shrink ever faster. A few steps that gain
	// less than smallGain and do not shrink tell them apart.
	smallGain = 1e-4
	largeStep = 1e-3
	stalls    = 5
)

// ascend maximises a concave function by Newton's method, halving steps that do
// not lead up, from a point that has been evaluated. reach is how far the linear predictor moves with each parameter; it
// makes steps comparable.
func ascend(f objective, start *optimum, reach []float64) *optimum {
	p := len(start.theta)
	o, next := newOptimum(start.theta), newOptimum(start.theta)
	o.value = start.value
	copy(o.gradient, start.gradient)
	o.information.CopySym(start.information)
	step := make([]float64, p)
	stalled, last := 0, math.Inf(1)
	for o.iterations = 0; o.iterations < maxIterations; o.iterations++ {
		gain, ok := newtonStep(o, step)
		if !ok {
			return o
		}
		if gain <= enough*(1+math.Abs(o.value)) {
			o.converged = true
			return o
		}
		halvings, ok := next.climb(f, o, step)
		if !ok {
			return o
		}
		size := 0.0
		for j, s := range step {
			size = max(size, math.Abs(s)*reach[j])
		}
		if halvings == 0 && next.value-o.value < smallGain && size > largeStep && size > last/2 {
			stalled++
		} else {
			stalled = 0
		}
		last = size
		next.iterations = o.iterations
		o, next = next, o
		if stalled == stalls {
			o.drifting = drift(step, reach, size)
			return o
		}
	}
	return o
}

// newtonStep solves for the step and returns gᵀI⁻¹g, twice what it would gain. It
// fails where the function is flat in some direction.
func newtonStep(o *optimum, step []float64) (gain float64, ok bool) {
	if !finite(o.value) {
		return 0, false
	}
	var factor mat.Cholesky
	if !factor.Factorize(o.information) {
		return 0, false
	}
	solved, g := mat.NewVecDense(len(step), step), mat.NewVecDense(len(step), o.gradient)
	if err := factor.SolveVecTo(solved, g); err != nil {
		return 0, false
	}
	gain = mat.Dot(solved, g)
	return gain, finite(gain)
}

// climb goes the step from o, or the first of its halves that does not lead down.
func (next *optimum) climb(f objective, o *optimum, step []float64) (halvings int, ok bool) {
	for ; halvings < 60; halvings++ {
		for j := range step {
			next.theta[j] = o.theta[j] + step[j]
		}
		next.value = f(next.theta, next.gradient, next.information)
		if finite(next.value) && next.value >= o.value-1e-13*(1+math.Abs(o.value)) {
			return halvings, true
		}
		for j := range step {
			step[j] /= 2
		}
	}
	return halvings, false
}

func drift(step, reach []float64, size float64) (drifting []int) {
	for j, s := range step {
		if math.Abs(s)*reach[j] > size/100 {
			drifting = append(drifting, j)
		}
	}
	return drifting
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// freedom is the part of a column's variation, given the columns before it, below
// which it counts as following from them.
const freedom = 1e-10

// dependent finds the first column of a matrix of variances, or an information,
// that follows from those before it, and from which; −1 without one.
func dependent(v *mat.SymDense) (column int, on []int) {
	p := v.SymmetricDim()
	l := make([][]float64, p) // of the Cholesky factor of the correlations
	for j := range p {
		l[j] = make([]float64, j+1)
		own := v.At(j, j)
		if !(own > 0) || math.IsInf(own, 1) {
			return j, nil
		}
		left := 1.0
		for k := range j {
			sum := v.At(j, k) / math.Sqrt(own) / math.Sqrt(v.At(k, k))
			for m := range k {
				sum -= l[j][m] * l[k][m]
			}
			l[j][k] = sum / l[k][k]
			left -= l[j][k] * l[j][k]
		}
		if !(left > freedom) {
			return j, parents(l, j)
		}
		l[j][j] = math.Sqrt(left)
	}
	return -1, nil
}

// parents are the columns of which column j is a combination: it solves Lᵀc = l.
func parents(l [][]float64, j int) (on []int) {
	c := append([]float64(nil), l[j][:j]...)
	for k := j - 1; k >= 0; k-- {
		for m := k + 1; m < j; m++ {
			c[k] -= l[m][k] * c[m]
		}
		c[k] /= l[k][k]
	}
	for k, v := range c {
		if math.Abs(v) > 1e-6 {
			on = append(on, k)
		}
	}
	return on
}

// inverse is that of a positive definite matrix.
func inverse(v *mat.SymDense) (*mat.SymDense, bool) {
	var factor mat.Cholesky
	if !factor.Factorize(v) {
		return nil, false
	}
	var inv mat.SymDense
	if err := factor.InverseTo(&inv); err != nil {
		return nil, false
	}
	for i := range inv.SymmetricDim() {
		for j := range i + 1 {
			if !finite(inv.At(i, j)) {
				return nil, false
			}
		}
	}
	return &inv, true
}

// quadratic is vᵀI⁻¹v, or false where I is not positive definite.
func quadratic(information *mat.SymDense, v []float64) (float64, bool) {
	var factor mat.Cholesky
	var solved mat.VecDense
	u := mat.NewVecDense(len(v), v)
	if !factor.Factorize(information) || factor.SolveVecTo(&solved, u) != nil {
		return 0, false
	}
	q := mat.Dot(u, &solved)
	return q, finite(q)
}
