package btyd

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

const (
	// gradientTolerance is what counts as a zero of the gradient of the whole
	// log-likelihood with respect to log parameters.
	gradientTolerance = 1e-6
	// logLimit bounds the search: a parameter lies within a factor of e^logLimit,
	// about 100,000, of its unit. What runs that far has no finite optimum.
	logLimit = 11.5
	// coefficientLimit bounds coefficients of covariates, e^30 being no effect
	// that a sample could show.
	coefficientLimit = 30
	newtonIterations = 60
)

// problem is a log-likelihood to be maximised. Its variables θ are the logarithms
// of positive parameters, each divided by its unit, and then plain coefficients.
type problem struct {
	names        []string    // of the parameters, in the order of θ
	units        []float64   // parameter = unit·e^θ, coefficient = unit·θ, so that θ is near 0; nil means 1 for all
	coefficients int         // how many of the last variables are plain coefficients
	starts       [][]float64 // points to start from, the later ones where the earlier lead to no proper maximum
	near         bool        // the first start is all but the optimum: Newton's method at once
	customers    float64     // the sum of weights
	offset       float64     // constant part of the log-likelihood that evaluate leaves out

	// evaluate returns the log-likelihood at θ and writes its gradient with respect
	// to θ. It must be finite wherever |θ| ≤ logLimit.
	evaluate func(theta, gradient []float64) float64
	// curve is evaluate that writes the Hessian as well. Where it is nil the
	// Hessian is taken by central differences of the gradient.
	curve func(theta, gradient []float64, hessian *mat.SymDense) float64
}

// search is a problem on its way to the maximum.
type search struct {
	problem
	ctx        context.Context
	fixed      []bool // variables that are not moved
	iterations int
}

// place is a point of a search.
type place struct {
	theta    []float64
	value    float64 // log-likelihood without the problem's offset
	gradient []float64
	hessian  *mat.SymDense // nil where it was not asked for
}

// maximize finds the maximum by quasi-Newton steps (BFGS) and then Newton's method
// until the gradient is below 1e-6, and derives standard errors and intervals. What
// falls short of that is in the estimate's warnings. It fails where ctx ends, and
// where the log-likelihood is no number (NOT_CONVERGED).
func maximize(ctx context.Context, p problem, o Options) (*Estimate, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &search{problem: p, ctx: ctx, fixed: make([]bool, len(p.names))}
	best, err := s.best()
	if err != nil {
		return nil, err
	}
	return s.estimate(best, o)
}

// best maximises from one start after the other until an end is a proper maximum,
// and returns the best end.
func (s *search) best() (place, error) {
	var best place
	for _, start := range s.starts {
		theta := slices.Clone(start)
		if !s.near {
			var err error
			if theta, err = s.approach(theta); err != nil {
				return place{}, err
			}
		}
		end, err := s.finish(theta)
		if err != nil {
			return place{}, err
		}
		if math.IsNaN(end.value) || math.IsInf(end.value, 0) {
			continue // out of the range of numbers
		}
		// A later start has to be better by more than rounding.
		if best.theta == nil || end.value > best.value+1e-9*(1+math.Abs(best.value)) {
			best = end
		}
		if s.proper(best) {
			break
		}
	}
	if best.theta == nil {
		return place{}, refuse(ReasonNotConverged, "the log-likelihood cannot be computed for these data: they are out of the range of numbers")
	}
	return best, nil
}

// proper tells whether a search ended at a maximum within its limits.
func (s *search) proper(end place) bool {
	for i, v := range end.theta {
		if math.Abs(v) >= s.limit(i) || math.Abs(end.gradient[i]) >= gradientTolerance {
			return false
		}
	}
	return s.covariance(end.hessian) != nil
}

// limit is how far the variable may be from 0.
func (s *search) limit(i int) float64 {
	if i >= len(s.names)-s.coefficients {
		return coefficientLimit
	}
	return logLimit
}

// clamped copies theta into the searched range; the gradient of what was moved is 0.
func (s *search) clamped(theta []float64) (inside []float64, moved []bool) {
	inside, moved = make([]float64, len(theta)), make([]bool, len(theta))
	for i, v := range theta {
		limit := s.limit(i)
		inside[i] = math.Max(-limit, math.Min(limit, v))
		moved[i] = math.Abs(v) > limit || math.IsNaN(v)
		if math.IsNaN(v) {
			inside[i] = 0
		}
	}
	return inside, moved
}

// approach runs BFGS from theta over the variables that are not fixed.
func (s *search) approach(theta []float64) ([]float64, error) {
	n := len(theta)
	last, value, gradient := []float64(nil), 0.0, make([]float64, n)
	scale := 1 / math.Max(1, s.customers)
	evaluate := func(x []float64) {
		if last != nil && slices.Equal(last, x) {
			return
		}
		inside, moved := s.clamped(x)
		value = -scale * s.evaluate(inside, gradient)
		for i := range gradient {
			gradient[i] *= -scale
			if moved[i] || s.fixed[i] {
				gradient[i] = 0
			}
		}
		last = append(last[:0], x...)
	}
	run := optimize.Problem{
		Func: func(x []float64) float64 { evaluate(x); return value },
		Grad: func(g, x []float64) { evaluate(x); copy(g, gradient) },
		Status: func() (optimize.Status, error) {
			if err := s.ctx.Err(); err != nil {
				return optimize.Failure, err
			}
			return optimize.NotTerminated, nil
		},
	}
	settings := &optimize.Settings{
		GradientThreshold: 1e-3, // per customer: from there Newton's method is faster
		MajorIterations:   500,
		Converger:         &optimize.FunctionConverge{Absolute: 1e-13, Iterations: 5},
	}
	result, err := optimize.Minimize(run, theta, settings, &optimize.BFGS{})
	if ctxErr := s.ctx.Err(); ctxErr != nil {
		return nil, ctxErr
	}
	if result == nil { // nothing was found, and Newton's method starts where we are
		return theta, nil
	}
	_ = err // a failed line search near the optimum is no failure: Newton's method goes on
	s.iterations += result.MajorIterations
	inside, _ := s.clamped(result.X)
	return inside, nil
}

// estimate describes the end of a search.
func (s *search) estimate(end place, o Options) (*Estimate, error) {
	n, positive := len(s.names), len(s.names)-s.coefficients
	e := &Estimate{
		LogLikelihood: end.value + s.offset, Customers: s.customers, Level: o.Level,
		Iterations: s.iterations, Parameters: make([]Parameter, n),
	}
	inner := make([]bool, n)
	atBoundary := false
	for i := range n {
		inner[i] = math.Abs(end.theta[i]) < s.limit(i)-1e-9
		e.Parameters[i] = Parameter{
			Name: s.names[i], Coefficient: i >= positive, Value: s.natural(i, end.theta[i]), AtBoundary: !inner[i],
		}
		if inner[i] {
			e.Gradient = math.Max(e.Gradient, math.Abs(end.gradient[i]))
			continue
		}
		atBoundary = true
		e.Warnings = append(e.Warnings, warn(ReasonParameterAtBoundary,
			"%s runs to the edge of the search (%.3g): the data do not bound it on that side", s.names[i], e.Parameters[i].Value))
	}
	small := e.Gradient < gradientTolerance
	e.Converged = small && !atBoundary
	if !small {
		e.Warnings = append(e.Warnings, warn(ReasonNotConverged,
			"the search ended with a gradient of %.3g, above %.0e", e.Gradient, gradientTolerance))
	}
	if !atBoundary && small {
		e.Covariance = s.covariance(end.hessian)
		if e.Covariance == nil {
			e.Warnings = append(e.Warnings, warn(ReasonInformationSingular,
				"the observed information is not positive definite: the data do not tell the parameters apart"))
		}
	}
	return e, s.intervals(e, end, o.Level)
}

// natural is the parameter for a value of its variable.
func (s *search) natural(i int, theta float64) float64 {
	unit := 1.0
	if s.units != nil {
		unit = s.units[i]
	}
	if i >= len(s.names)-s.coefficients {
		return unit * theta
	}
	return unit * math.Exp(theta)
}

// covariance is the inverse of the observed information −hessian, nil where that
// is not positive definite or too ill-conditioned to say.
func (s *search) covariance(hessian *mat.SymDense) [][]float64 {
	n := hessian.SymmetricDim()
	information := mat.NewSymDense(n, nil)
	information.ScaleSym(-1, hessian)
	var factor mat.Cholesky
	if !factor.Factorize(information) || factor.Cond() > 1e10 {
		return nil
	}
	var inverse mat.SymDense
	if factor.InverseTo(&inverse) != nil {
		return nil
	}
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, n)
		for j := range rows[i] {
			rows[i][j] = inverse.At(i, j) * s.spread(i) * s.spread(j)
		}
	}
	return rows
}

// spread is the unit of a coefficient; a logarithm has none.
func (s *search) spread(i int) float64 {
	if s.units != nil && i >= len(s.names)-s.coefficients {
		return s.units[i]
	}
	return 1
}
