package stat

import (
	"iter"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Reasons of refusals by a Poisson regression. They are stable.
const (
	ReasonNoEvents            = "NO_EVENTS"            // every count is 0: the rate has no logarithm
	ReasonInformationSingular = "INFORMATION_SINGULAR" // the data do not tell the coefficients apart
	ReasonNotConverged        = "NOT_CONVERGED"        // the likelihood has no maximum that was found
)

// Counted is observations that are alike: Weight of them, each with the count Y.
type Counted struct {
	X      []float64 // covariates; an intercept is a covariate that is 1
	Offset float64   // added to β·x, as the logarithm of an exposure
	Y      float64   // ≥ 0
	Weight float64   // > 0
}

// Poisson is a fitted Poisson regression with the logarithm for its link.
type Poisson struct {
	Coefficients  []float64
	Covariance    [][]float64 // inverse of the information XᵀWX at the estimates
	LogLikelihood float64     // with the constant −Σ w·ln y!
	Gradient      float64     // largest |∂logL/∂β|
	Iterations    int
}

const (
	poissonIterations = 100
	// The score is a difference of sums as large as the number of events.
	poissonTolerance = 1e-10
	// A linear predictor beyond it is no rate of anything.
	poissonMostLog = 500
)

// FitPoisson estimates β in E[y] = exp(β·x + offset) by maximum likelihood with
// Newton's method, which for the canonical link is iteratively reweighted least
// squares (Nelder and Wedderburn, Generalized Linear Models, JRSS A 135, 1972):
//
//	β ← β + (XᵀWX)⁻¹Xᵀ(y − μ),  W = diag(μ),
//
// with steps halved where the likelihood would fall. rows is passed over several
// times and must yield the same each time; X may be used again by the iteration.
// width is the number of covariates.
//
// An ArgumentError for a row that cannot be; faults FailedPrecondition NO_EVENTS,
// INFORMATION_SINGULAR, NOT_CONVERGED.
func FitPoisson(width int, rows iter.Seq[Counted]) (*Poisson, error) {
	start, err := poissonStart(width, rows)
	if err != nil {
		return nil, err
	}
	p := &Poisson{Coefficients: make([]float64, width)}
	p.Coefficients[0] = start
	here := poissonAt(p.Coefficients, rows)
	for p.Iterations = 1; p.Iterations <= poissonIterations; p.Iterations++ {
		step, err := here.newton()
		if err != nil {
			return nil, err
		}
		next := here
		for size := 1.0; size > 1e-6; size /= 2 {
			if next = poissonAt(moved(p.Coefficients, step, size), rows); next.usable(here) {
				break
			}
		}
		if !next.usable(here) {
			break // the likelihood is as flat as its rounding
		}
		gain := next.likelihood - here.likelihood
		p.Coefficients, here = next.beta, next
		if here.gradient() <= poissonTolerance*(1+here.events) && gain <= 1e-9*(1+math.Abs(here.likelihood)) {
			break
		}
	}
	p.LogLikelihood, p.Gradient = here.likelihood, here.gradient()
	if p.Gradient > 1e-6*(1+here.events) {
		return nil, fault.New(fault.FailedPrecondition, ReasonNotConverged,
			"the Poisson regression has not converged: after %d steps the gradient is %.3g", p.Iterations, p.Gradient)
	}
	p.Covariance, err = here.covariance()
	return p, err
}

// poissonStart checks the rows and returns the logarithm of the common rate.
func poissonStart(width int, rows iter.Seq[Counted]) (float64, error) {
	if width < 1 {
		return 0, outside("width", "must be at least 1, got %d", width)
	}
	var events, exposure float64
	for r := range rows {
		finite := len(r.X) == width && isFinite(r.Offset) && isFinite(r.Y) && isFinite(r.Weight)
		for _, x := range r.X {
			finite = finite && isFinite(x)
		}
		if !finite || r.Y < 0 || r.Weight <= 0 || math.Abs(r.Offset) > poissonMostLog {
			return 0, outside("rows", "must have %d finite covariates each, a count from 0 on, a weight above 0 and an offset within ±%d", width, poissonMostLog)
		}
		events += r.Weight * r.Y
		exposure += r.Weight * math.Exp(r.Offset)
	}
	if events == 0 {
		return 0, fault.New(fault.FailedPrecondition, ReasonNoEvents, "a Poisson regression needs a count above 0")
	}
	return math.Log(events / exposure), nil
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func moved(from, step []float64, size float64) []float64 {
	to := make([]float64, len(from))
	for i := range from {
		to[i] = from[i] + size*step[i]
	}
	return to
}

// poissonPlace is the likelihood and its derivatives at some coefficients.
type poissonPlace struct {
	beta        []float64
	likelihood  float64
	events      float64
	score       []float64
	information []float64 // width × width
}

func poissonAt(beta []float64, rows iter.Seq[Counted]) poissonPlace {
	width := len(beta)
	at := poissonPlace{beta: beta, score: make([]float64, width), information: make([]float64, width*width)}
	for r := range rows {
		eta := r.Offset
		for i, x := range r.X {
			eta += beta[i] * x
		}
		if eta > poissonMostLog || math.IsNaN(eta) {
			at.likelihood = math.Inf(-1)
			return at
		}
		mu := math.Exp(eta)
		constant, _ := math.Lgamma(r.Y + 1)
		at.likelihood += r.Weight * (r.Y*eta - mu - constant)
		at.events += r.Weight * r.Y
		for i, x := range r.X {
			at.score[i] += r.Weight * (r.Y - mu) * x
			for j := range i + 1 {
				at.information[i*width+j] += r.Weight * mu * x * r.X[j]
			}
		}
	}
	for i := range width {
		for j := range i {
			at.information[j*width+i] = at.information[i*width+j]
		}
	}
	return at
}

// usable reports whether a place is no worse than another.
func (p poissonPlace) usable(than poissonPlace) bool {
	return p.likelihood >= than.likelihood && !math.IsInf(p.likelihood, -1)
}

func (p poissonPlace) gradient() (largest float64) {
	for _, s := range p.score {
		largest = max(largest, math.Abs(s))
	}
	return largest
}

func (p poissonPlace) factor() (*mat.Cholesky, error) {
	var chol mat.Cholesky
	if !chol.Factorize(mat.NewSymDense(len(p.beta), p.information)) || chol.Cond() > 1e14 {
		return nil, fault.New(fault.FailedPrecondition, ReasonInformationSingular,
			"the data of the Poisson regression do not tell its coefficients apart: a covariate is constant or follows from others")
	}
	return &chol, nil
}

func (p poissonPlace) newton() ([]float64, error) {
	chol, err := p.factor()
	if err != nil {
		return nil, err
	}
	var step mat.VecDense
	if err := chol.SolveVecTo(&step, mat.NewVecDense(len(p.score), p.score)); err != nil {
		return nil, fault.New(fault.FailedPrecondition, ReasonInformationSingular, "the Poisson regression has no step to take").Because(err)
	}
	return step.RawVector().Data, nil
}

func (p poissonPlace) covariance() ([][]float64, error) {
	chol, err := p.factor()
	if err != nil {
		return nil, err
	}
	var inverse mat.SymDense
	if err := chol.InverseTo(&inverse); err != nil {
		return nil, fault.New(fault.FailedPrecondition, ReasonInformationSingular, "the information of the Poisson regression has no inverse").Because(err)
	}
	rows := make([][]float64, len(p.beta))
	for i := range rows {
		rows[i] = make([]float64, len(p.beta))
		for j := range rows[i] {
			rows[i][j] = inverse.At(i, j)
		}
	}
	return rows, nil
}

// Mean is the expected count at some covariates and an offset; +Inf never: it is
// capped where the rate would overflow.
func (p *Poisson) Mean(x []float64, offset float64) float64 {
	eta := offset
	for i := range min(len(x), len(p.Coefficients)) {
		eta += p.Coefficients[i] * x[i]
	}
	return math.Exp(min(eta, poissonMostLog))
}
