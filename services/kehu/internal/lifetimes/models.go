package lifetimes

import (
	"errors"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/survival"
)

// Estimates are coefficients by name, column by column.
type Estimates struct {
	Coefficients   map[string]float64 `json:"coefficients"`
	StandardErrors map[string]float64 `json:"standard_errors"`
	Lower          map[string]float64 `json:"lower"`
	Upper          map[string]float64 `json:"upper"`
	PValues        map[string]float64 `json:"p_values"`
	order          []string
	all            map[string]survival.Coefficient
}

func estimates(all []survival.Coefficient) Estimates {
	e := Estimates{
		Coefficients: map[string]float64{}, StandardErrors: map[string]float64{}, Lower: map[string]float64{},
		Upper: map[string]float64{}, PValues: map[string]float64{}, all: map[string]survival.Coefficient{},
	}
	for _, c := range all {
		e.Coefficients[c.Name] = c.Value
		e.describe(c)
	}
	return e
}

// describe adds all but the coefficient itself.
func (e *Estimates) describe(c survival.Coefficient) {
	e.StandardErrors[c.Name], e.Lower[c.Name], e.Upper[c.Name], e.PValues[c.Name] = c.StdErr, c.Lower, c.Upper, c.P
	e.order, e.all[c.Name] = append(e.order, c.Name), c
}

// Cox is a model of proportional hazards.
type Cox struct {
	Head
	Estimates
	// HazardRatios are those of one unit; null where beyond all numbers.
	HazardRatios         map[string]*float64 `json:"hazard_ratios"`
	RobustStandardErrors map[string]float64  `json:"robust_standard_errors,omitempty"`
	LogLikelihood        float64             `json:"log_likelihood"`
	NullLogLikelihood    float64             `json:"null_log_likelihood"`
	Concordance          float64             `json:"concordance"`
	ConcordanceStdErr    float64             `json:"concordance_standard_error"`
	LikelihoodRatio      survival.Test       `json:"likelihood_ratio_test"`
	Wald                 survival.Test       `json:"wald_test"`
	Score                survival.Test       `json:"score_test"`
	// Proportionality is null where the events leave nothing to test against.
	Proportionality *Proportionality `json:"proportionality"`
	Baseline        *Baseline        `json:"baseline,omitempty"`
	Ties            survival.Ties    `json:"ties"`
	Level           float64          `json:"level"`
	Subjects        float64          `json:"subjects"`
	Events          float64          `json:"events"`
	Converged       bool             `json:"converged"`
}

// Proportionality is the test of proportional hazards.
type Proportionality struct {
	Transform  survival.Transform       `json:"transform"`
	Covariates map[string]survival.Test `json:"covariates"`
	Global     survival.Test            `json:"global"`
}

// Baseline is the cumulative hazard by stratum.
type Baseline struct {
	Strata  []string                  `json:"strata,omitempty"`
	AtZero  []survival.BaselineHazard `json:"at_zero"` // null where beyond all numbers
	AtMeans []survival.BaselineHazard `json:"at_means"`
}

func cox(head Head, d *Data, s Settings) (*Cox, error) {
	if len(d.Covariates.Columns) == 0 {
		return nil, fault.Invalid("covariates", "must name the columns of the covariates, e.g. age,prio")
	}
	fit, err := survival.FitCox(d.Sample, d.Covariates, survival.CoxOptions{
		Ties: survival.Ties(strings.TrimPrefix(s.Method, "cox-")), Strata: d.Strata.Of,
		Robust: s.Robust, Clusters: d.Cluster.Of, Level: s.Level,
	})
	if err != nil {
		return nil, err
	}
	c := &Cox{
		Head: head, Estimates: estimates(fit.Coefficients), HazardRatios: map[string]*float64{},
		LogLikelihood: fit.LogLikelihood, NullLogLikelihood: fit.NullLogLikelihood,
		Concordance: fit.Concordance.Value, ConcordanceStdErr: fit.Concordance.StdErr,
		LikelihoodRatio: fit.LikelihoodRatio, Wald: fit.Wald, Score: fit.Score,
		Ties: fit.Ties, Level: fit.Level, Subjects: fit.Subjects, Events: fit.Events, Converged: fit.Converged,
	}
	for _, e := range fit.Coefficients {
		c.HazardRatios[e.Name] = hazardRatio(e.Value)
		if e.Robust > 0 {
			if c.RobustStandardErrors == nil {
				c.RobustStandardErrors = map[string]float64{}
			}
			c.RobustStandardErrors[e.Name] = e.Robust
		}
	}
	c.Warnings = append(c.Warnings, fit.Warnings...)
	if err := c.proportionality(fit); err != nil {
		return nil, err
	}
	if s.Baseline {
		err = c.baseline(fit, d.Strata.Words)
	}
	return c, err
}

// proportionality tests, or warns that it cannot.
func (c *Cox) proportionality(fit *survival.CoxFit) error {
	t, err := fit.TestProportionality(survival.TransformKM)
	var e *survival.Error
	if errors.As(err, &e) && e.Reason == survival.ReasonUntestable {
		c.Warnings = append(c.Warnings, survival.Warning{Reason: e.Reason, Message: e.Argument + " " + e.Requirement + ", to test whether hazards are proportional"})
		return nil
	}
	if err != nil {
		return err
	}
	c.Proportionality = &Proportionality{Transform: t.Transform, Covariates: map[string]survival.Test{}, Global: t.Global}
	for _, of := range t.Covariates {
		c.Proportionality.Covariates[of.Name] = of.Test
	}
	return nil
}

func (c *Cox) baseline(fit *survival.CoxFit, strata []string) (err error) {
	c.Baseline = &Baseline{Strata: strata}
	if c.Baseline.AtMeans, err = fit.BaselineAtMeans(); err != nil {
		return err
	}
	var e *survival.Error
	if c.Baseline.AtZero, err = fit.BaselineAtZero(); errors.As(err, &e) && e.Reason == survival.ReasonOverflow {
		return nil
	}
	return err
}

// Weibull is a model of accelerated failure times.
type Weibull struct {
	Head
	Estimates
	Intercept         float64        `json:"intercept"`
	Shape             float64        `json:"shape"`
	ShapeLower        float64        `json:"shape_lower"`
	ShapeUpper        float64        `json:"shape_upper"`
	Scale             float64        `json:"scale"` // 1 ÷ shape
	LogLikelihood     float64        `json:"log_likelihood"`
	NullLogLikelihood float64        `json:"null_log_likelihood"`
	LikelihoodRatio   *survival.Test `json:"likelihood_ratio_test"`
	Level             float64        `json:"level"`
	Subjects          float64        `json:"subjects"`
	Events            float64        `json:"events"`
	Converged         bool           `json:"converged"`
}

func weibull(head Head, d *Data, s Settings) (*Weibull, error) {
	fit, err := survival.FitWeibull(d.Sample, d.Covariates, survival.WeibullOptions{Level: s.Level})
	if err != nil {
		return nil, err
	}
	w := &Weibull{
		Head: head, Estimates: estimates(fit.Coefficients), Intercept: fit.Intercept.Value,
		Shape: fit.Shape, ShapeLower: fit.ShapeLower, ShapeUpper: fit.ShapeUpper, Scale: fit.Scale,
		LogLikelihood: fit.LogLikelihood, NullLogLikelihood: fit.NullLogLikelihood, LikelihoodRatio: fit.LikelihoodRatio,
		Level: fit.Level, Subjects: fit.Subjects, Events: fit.Events, Converged: fit.Converged,
	}
	w.describe(fit.Intercept)
	w.describe(fit.LogScale)
	w.order = append([]string{fit.Intercept.Name}, slices.DeleteFunc(w.order, func(name string) bool { return name == fit.Intercept.Name })...)
	w.Warnings = append(w.Warnings, fit.Warnings...)
	return w, nil
}
