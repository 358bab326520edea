package survival

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// WeibullFit is a fitted accelerated-failure-time model with Weibull errors.
type WeibullFit struct {
	// Intercept and Coefficients are effects on the logarithm of the time: a unit
	// more of covariate j multiplies times by exp of its value.
	Intercept    Coefficient   `json:"intercept"`
	Coefficients []Coefficient `json:"coefficients"`
	LogScale     Coefficient   `json:"log_scale"`
	Scale        float64       `json:"scale"` // σ
	// Shape is 1/σ: above 1 the hazard rises with time, below 1 it falls.
	Shape      float64 `json:"shape"`
	ShapeLower float64 `json:"shape_lower"`
	ShapeUpper float64 `json:"shape_upper"`

	NullLogLikelihood float64   `json:"null_log_likelihood"`   // intercept and scale alone
	LogLikelihood     float64   `json:"log_likelihood"`        // of the times, not their logarithms
	LikelihoodRatio   *Test     `json:"likelihood_ratio_test"` // nil without covariates
	Level             float64   `json:"level"`
	Subjects          float64   `json:"subjects"`
	Events            float64   `json:"events"`
	Iterations        int       `json:"iterations"`
	Converged         bool      `json:"converged"`
	Warnings          []Warning `json:"warnings"`
}

// WeibullOptions say how a Weibull model is described. Zero is level 0.95.
type WeibullOptions struct {
	Level float64 // of the intervals, as a fraction
}

// FitWeibull fits by maximum likelihood
//
//	log T = μ + βᵀx + σW,   P(W > w) = exp(−eʷ)
//
// so that S(t | x) = exp(−(t/λ)^k) with k = 1/σ and λ = exp(μ + βᵀx); Kalbfleisch &
// Prentice, "The Statistical Analysis of Failure Time Data" (2002), chapter 3. The
// log-likelihood is Σ w·[δ(z − log σ − log t) − eᶻ], z = (log t − μ − βᵀx)/σ, as
// R's survreg states it.
//
// The search is by Newton's method in (μ/σ, β/σ, 1/σ), in which the log-likelihood
// is concave (Burridge 1981, "A note on maximum likelihood estimation for
// regression models using grouped data", JRSS B 43:41–45), on standardised
// covariates and times. O(n·p²) time. Without covariates it fits μ and σ alone.
// Durations must be above 0.
//
// Reasons of refusal besides an argument outside its domain: NO_EVENTS,
// FEWER_EVENTS_THAN_COVARIATES, CONSTANT_COVARIATE, SINGULAR_COVARIATES,
// SHAPE_UNBOUNDED where all events have the same time given their covariates and
// nobody lives longer, NOT_CONVERGED. Reasons of warnings: COEFFICIENT_INFINITE,
// FEW_EVENTS_PER_COVARIATE, FRACTIONAL_WEIGHTS.
func FitWeibull(s Sample, c Covariates, o WeibullOptions) (*WeibullFit, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	for i, d := range s.Durations {
		if d == 0 {
			return nil, invalidRow("durations", i, "must be above 0 for a Weibull model, got 0")
		}
	}
	z, level, err := quantileOf(o.Level)
	if err != nil {
		return nil, err
	}
	d, err := newDesign(s, c)
	if err != nil {
		return nil, err
	}
	few, err := d.checkEvents(s)
	if err != nil {
		return nil, err
	}
	times, err := newLogTimes(s)
	if err != nil {
		return nil, err
	}
	f := &WeibullFit{Level: level, Warnings: append(s.warnings(), few...)}
	f.Subjects, f.Events = s.totals()
	null, err := times.maximise(&design{n: d.n}, nil)
	if err != nil {
		return nil, err
	}
	best := null
	if d.p > 0 {
		if best, err = times.maximise(d, null.theta); err != nil {
			return nil, err
		}
		test := newTest(2*(best.value-null.value), d.p)
		f.LikelihoodRatio = &test
	}
	if len(best.drifting) > 0 {
		f.Warnings = append(f.Warnings, d.infinite(best.drifting))
	}
	f.NullLogLikelihood, f.LogLikelihood = null.value+times.jacobian, best.value+times.jacobian
	f.Iterations, f.Converged = best.iterations, best.converged
	return f, f.describe(times, d, best, z)
}

// logTimes are the logarithms of durations, standardised.
type logTimes struct {
	s        Sample
	y        []float64
	mean, sd float64
	events   float64
	jacobian float64 // what the log-likelihood of the times has over that of y
}

func newLogTimes(s Sample) (*logTimes, error) {
	t := &logTimes{s: s, y: make([]float64, s.Rows())}
	for i, d := range s.Durations {
		t.y[i] = math.Log(d)
	}
	logs := t.y
	d, err := newDesign(s, Covariates{Names: []string{"durations"}, Columns: [][]float64{logs}})
	if err != nil {
		return nil, refuse(ReasonShapeUnbounded, "durations", "must differ: with all of them equal the hazard has no finite shape")
	}
	t.y, t.mean, t.sd = d.x, d.mean[0], d.sd[0]
	for i, event := range s.Events {
		if event {
			w := s.weight(i)
			t.events += w
			t.jacobian -= w * (logs[i] + math.Log(t.sd))
		}
	}
	return t, nil
}

// objective is the log-likelihood of y in θ = (μ/σ, β/σ, 1/σ). With the row
// v = (−1, −x, y), z = θᵀv, so that
//
//	l = Σ w[δ(z + log α) − eᶻ],   ∇l = Σ w(δ − eᶻ)v + (0, D/α),   −∇²l = Σ w·eᶻ·vvᵀ + (D/α²)
//
// where α = 1/σ is the last of θ and D the number of events.
func (t *logTimes) objective(d *design) objective {
	p := d.p + 2
	parts := make([]*weibullSums, blocksOf(d.n))
	for k := range parts {
		parts[k] = &weibullSums{moments: newMoments(p), seen: make([]float64, p), row: make([]float64, p)}
	}
	return func(theta, gradient []float64, information *mat.SymDense) float64 {
		alpha := theta[p-1]
		if !(alpha > 0 && alpha < maxShape) {
			return math.Inf(-1)
		}
		inBlocks(d.n, func(k, from, to int) { t.sum(d, theta, parts[k], from, to) })
		all := parts[0]
		for _, part := range parts[1:] {
			all.join(part)
		}
		for j := range gradient {
			gradient[j] = all.seen[j] - all.s1[j]
		}
		gradient[p-1] += t.events / alpha
		unpack(all.s2, information)
		information.SetSym(p-1, p-1, information.At(p-1, p-1)+t.events/alpha/alpha)
		return t.events*math.Log(alpha) + all.z - all.s0
	}
}

// weibullSums are those of a block of rows.
type weibullSums struct {
	moments           // with eᶻ as the risk, and v as the covariates
	z       float64   // Σ w·z over events
	seen    []float64 // Σ w·v over events
	row     []float64 // v of the row in hand
}

func (t *logTimes) sum(d *design, theta []float64, into *weibullSums, from, to int) {
	into.clear()
	into.z = 0
	clear(into.seen)
	v := into.row
	v[0] = -1
	for i := from; i < to; i++ {
		for j, x := range d.x[i*d.p : (i+1)*d.p] {
			v[1+j] = -x
		}
		v[len(v)-1] = t.y[i]
		z, w := dot(theta, v), t.s.weight(i)
		if t.s.Events[i] {
			into.z += w * z
			for j := range v {
				into.seen[j] += w * v[j]
			}
		}
		into.add(w*math.Exp(z), v)
	}
}

func (s *weibullSums) join(o *weibullSums) {
	s.z += o.z
	s.s0 += o.s0
	floats.Add(s.seen, o.seen)
	floats.Add(s.s1, o.s1)
	floats.Add(s.s2, o.s2)
}

// maxShape is the shape, in units of the spread of the logarithms of the times,
// from which on it counts as infinite.
const maxShape = 1e7

// maximise searches from the maximum without covariates, or from nothing.
func (t *logTimes) maximise(d *design, null []float64) (*optimum, error) {
	p := d.p + 2
	start, reach := make([]float64, p), make([]float64, p)
	if null == nil {
		null = t.start()
	}
	start[0], start[p-1] = null[0], null[1]
	copy(reach[1:], d.reach)
	reach[0], reach[p-1] = 1, 1
	objective := t.objective(d)
	first := objective.at(start)
	if j, on := dependent(first.information); j >= 0 {
		return nil, t.singular(d, j, on)
	}
	best := ascend(objective, first, reach)
	if best.theta[p-1] > maxShape/1e3 {
		return nil, refuse(ReasonShapeUnbounded, "durations", "must differ among those with the event: the likelihood grows without end as their times are taken to be one")
	}
	var covariates []int
	for _, j := range best.drifting {
		if j > 0 && j < p-1 {
			covariates = append(covariates, j-1)
		}
	}
	best.drifting = covariates
	if !best.converged && len(covariates) == 0 {
		return nil, refuse(ReasonNotConverged, "durations", "must leave a likelihood with one maximum; none was found in %d steps", best.iterations)
	}
	return best, nil
}

// singular names the covariate among the columns (intercept, covariates, time).
func (t *logTimes) singular(d *design, j int, on []int) error {
	var covariates []int
	for _, k := range on {
		if k > 0 {
			covariates = append(covariates, k-1)
		}
	}
	switch {
	case j > 0 && j <= d.p:
		return d.singular(j-1, covariates)
	case len(covariates) > 0: // the time itself is a combination of covariates
		return refuse(ReasonShapeUnbounded, "durations", "must not follow from the covariates")
	default:
		return refuse(ReasonNotConverged, "durations", "must leave an information that can be inverted")
	}
}

// start is α from the spread of y, as if there were no censoring, and μ so that as
// many events are expected as were seen.
func (t *logTimes) start() []float64 {
	alpha := math.Pi / math.Sqrt(6) // the standard deviation of W
	if high := slices.Max(t.y); alpha*high > 300 {
		alpha = 300 / high // no overflow, however far out one time lies
	}
	sum := 0.0
	for i, y := range t.y {
		sum += t.s.weight(i) * math.Exp(alpha*y)
	}
	return []float64{math.Log(sum / t.events), alpha}
}
