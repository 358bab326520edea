package survival

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// CoxOptions say how a Cox model is fitted. Zero is Efron's ties, one stratum,
// errors from the information, level 0.95.
type CoxOptions struct {
	Ties Ties
	// Strata numbers strata from 0; each has a baseline hazard of its own.
	Strata []int
	// Robust asks for standard errors that hold although the model does not quite,
	// by the sandwich of Lin & Wei.
	Robust bool
	// Clusters numbers from 0 rows that belong together, such as one customer's;
	// robust errors then allow for what they have in common. It implies Robust.
	Clusters []int
	Level    float64 // of the intervals, as a fraction
}

// CoxFit is a fitted proportional-hazards model.
type CoxFit struct {
	Coefficients []Coefficient `json:"coefficients"` // logarithms of hazard ratios
	// Means of the covariates, weighted, in the order of the coefficients.
	Means             []float64   `json:"means"`
	NullLogLikelihood float64     `json:"null_log_likelihood"` // all coefficients 0
	LogLikelihood     float64     `json:"log_likelihood"`      // partial
	LikelihoodRatio   Test        `json:"likelihood_ratio_test"`
	Wald              Test        `json:"wald_test"` // by the robust errors where asked for
	Score             Test        `json:"score_test"`
	Concordance       Concordance `json:"concordance"`
	Ties              Ties        `json:"ties"`
	Level             float64     `json:"level"`
	Subjects          float64     `json:"subjects"`
	Events            float64     `json:"events"`
	Iterations        int         `json:"iterations"`
	Converged         bool        `json:"converged"`
	Warnings          []Warning   `json:"warnings"`

	sample     Sample
	strata     []int
	design     *design
	sets       *riskSets
	beta       []float64     // of standardised covariates
	covariance *mat.SymDense // of beta, from the information
}

// FitCox fits the model of Cox (1972), "Regression models and life-tables", JRSS B
// 34:187–220, in which the hazard of a subject with covariates x at the time t is
//
//	h(t | x) = h₀(t)·exp(βᵀx)
//
// by maximising the partial likelihood, with ties by Efron (1977), JASA 72:557–565,
// or Breslow (1974), Biometrics 30:89–99. Newton's method on standardised
// covariates; it stops where another step would gain 1e-20 of the log-likelihood.
// Weights multiply a row's share of the likelihood. O(n log n + n·p²) time.
//
// Reasons of refusal besides an argument outside its domain: NO_EVENTS,
// FEWER_EVENTS_THAN_COVARIATES, CONSTANT_COVARIATE and SINGULAR_COVARIATES, which
// name the covariates, and NOT_CONVERGED. Reasons of warnings: COEFFICIENT_INFINITE,
// FEW_EVENTS_PER_COVARIATE, FRACTIONAL_WEIGHTS, NO_COMPARABLE_PAIRS.
func FitCox(s Sample, c Covariates, o CoxOptions) (*CoxFit, error) {
	f, clusters, err := newCox(s, c, o)
	if err != nil {
		return nil, err
	}
	best, null, err := f.maximise()
	if err != nil {
		return nil, err
	}
	f.NullLogLikelihood, f.LogLikelihood = null.value, best.value
	f.LikelihoodRatio = newTest(2*(best.value-null.value), f.design.p)
	score, ok := quadratic(null.information, null.gradient)
	if !ok {
		return nil, refuse(ReasonNotConverged, "covariates", "must leave an information that can be inverted")
	}
	f.Score = newTest(score, f.design.p)
	inForce := f.covariance
	if o.Robust || o.Clusters != nil {
		inForce = f.sandwich(clusters)
	}
	if err := f.describe(inForce, o); err != nil {
		return nil, err
	}
	f.concordance()
	return f, nil
}

// newCox checks what is given and puts it in order.
func newCox(s Sample, c Covariates, o CoxOptions) (*CoxFit, []int, error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	if o.Ties == "" {
		o.Ties = TiesEfron
	}
	if o.Ties != TiesEfron && o.Ties != TiesBreslow {
		return nil, nil, invalid("ties", "must be efron or breslow, got %q", o.Ties)
	}
	if len(c.Columns) == 0 {
		return nil, nil, invalid("covariates", "must have at least one column")
	}
	for argument, codes := range map[string][]int{"strata": o.Strata, "clusters": o.Clusters} {
		if codes == nil {
			continue
		}
		if _, err := checkCodes(argument, codes, s.Rows()); err != nil {
			return nil, nil, err
		}
	}
	_, level, err := quantileOf(o.Level)
	if err != nil {
		return nil, nil, err
	}
	d, err := newDesign(s, c)
	if err != nil {
		return nil, nil, err
	}
	few, err := d.checkEvents(s)
	if err != nil {
		return nil, nil, err
	}
	f := &CoxFit{
		Means: d.mean, Ties: o.Ties, Level: level, Warnings: append(s.warnings(), few...),
		sample: s, strata: o.Strata, design: d, sets: newRiskSets(s, d, o.Strata, o.Ties),
	}
	f.Subjects, f.Events = s.totals()
	clusters := o.Clusters
	if clusters == nil {
		clusters = identity(s.Rows())
	}
	return f, clusters, nil
}

func identity(n int) []int {
	codes := make([]int, n)
	for i := range codes {
		codes[i] = i
	}
	return codes
}

// maximise finds the coefficients, and what the likelihood is like without them.
func (f *CoxFit) maximise() (best, null *optimum, err error) {
	p := f.design.p
	objective := f.sets.objective()
	null = objective.at(make([]float64, p))
	for j := range p {
		// Of covariates with a variance of 1, each event tells about 1.
		if !(null.information.At(j, j) > freedom*f.Events) {
			return nil, nil, f.design.singular(j, nil)
		}
	}
	if j, on := dependent(null.information); j >= 0 {
		return nil, nil, f.design.singular(j, on)
	}
	best = ascend(objective, null, f.design.reach)
	f.Iterations, f.Converged, f.beta = best.iterations, best.converged, best.theta
	if !best.converged && len(best.drifting) == 0 {
		return nil, nil, refuse(ReasonNotConverged, "covariates", "must leave a likelihood with one maximum; none was found in %d steps", best.iterations)
	}
	if len(best.drifting) > 0 {
		f.Warnings = append(f.Warnings, f.design.infinite(best.drifting))
	}
	var ok bool
	if f.covariance, ok = inverse(best.information); !ok {
		return nil, nil, refuse(ReasonNotConverged, "covariates", "must leave an information that can be inverted")
	}
	return best, null, nil
}

// describe makes the coefficients in the caller's units, and the Wald test.
func (f *CoxFit) describe(inForce *mat.SymDense, o CoxOptions) error {
	z, _, err := quantileOf(o.Level)
	if err != nil {
		return err
	}
	wald, ok := quadratic(inForce, f.beta)
	if !ok {
		return refuse(ReasonNotConverged, "clusters", "must be more than the covariates, and differ, for robust errors")
	}
	f.Wald = newTest(wald, f.design.p)
	for j, name := range f.design.names {
		sd := f.design.sd[j]
		stdErr, robust := math.Sqrt(f.covariance.At(j, j))/sd, 0.0
		if inForce != f.covariance {
			robust = math.Sqrt(inForce.At(j, j)) / sd
		}
		f.Coefficients = append(f.Coefficients, newCoefficient(name, f.beta[j]/sd, stdErr, robust, z))
	}
	return nil
}
