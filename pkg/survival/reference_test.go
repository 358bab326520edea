package survival_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/pkg/survival"
)

type coxReference struct {
	N, Events   float64
	Coef, SE    map[string]float64
	LogLik      [2]float64 `json:"loglik"`
	LR          float64    `json:"lr"`
	Wald, Score float64
	DF          int
	Concordance float64
	ZPH         map[string]float64 `json:"zph_km_transform"`
	ZPHP        map[string]float64 `json:"zph_p"`
	BaseHaz     float64            `json:"basehaz_cum_at_covariate0_last"`
	BaseTime    float64            `json:"basehaz_last_time"`
}

type curveReference struct {
	Times, Surv, SE, Lower, Upper []float64
	AtRisk                        []float64 `json:"n_risk"`
}

type weibullReference struct {
	Coef, SE map[string]float64
	Scale    float64
	Shape    float64    `json:"rho_shape"`
	LogLik   [2]float64 `json:"loglik"`
}

// references are figures of R's survival package on data of 432 released
// prisoners (Rossi et al. 1980).
type references struct {
	Rossi struct {
		Efron       coxReference     `json:"cox_efron"`
		Breslow     coxReference     `json:"cox_breslow"`
		Weibull     weibullReference `json:"weibull_aft"`
		WeibullNull weibullReference `json:"weibull_null"`
		All         curveReference   `json:"km_all"`
		LogLog      curveReference   `json:"km_loglog"`
		LogRank     struct {
			ChiSq    float64 `json:"chisq"`
			DF       int     `json:"df"`
			P        float64
			Obs, Exp []float64
		} `json:"logrank_fin"`
	}
}

func readReferences(t *testing.T) references {
	t.Helper()
	var r references
	refdata.JSON(t, "reference/survival.json", &r)
	return r
}

// rossi reads the subjects: seven covariates, and fin as groups.
func rossi(t *testing.T) (s survival.Sample, c survival.Covariates, fin []int) {
	t.Helper()
	rows := refdata.CSV(t, "data/rossi.csv")
	c.Names, c.Columns = rows[0][2:], make([][]float64, 7)
	for _, row := range rows[1:] {
		values := make([]float64, len(row))
		for i, cell := range row {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			values[i] = v
		}
		s.Durations, s.Events = append(s.Durations, values[0]), append(s.Events, values[1] == 1)
		for j, v := range values[2:] {
			c.Columns[j] = append(c.Columns[j], v)
		}
		fin = append(fin, int(values[2]))
	}
	return s, c, fin
}

// within tells whether got is want up to a difference relative to want, or to 1
// where want is smaller.
func within(got, want, tolerance float64) bool {
	return math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

func check(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !within(got, want, tolerance) {
		t.Errorf("%s is %.12g, want %.12g", name, got, want)
	}
}

func TestKaplanMeierReference(t *testing.T) {
	r := readReferences(t).Rossi
	s, _, _ := rossi(t)
	for interval, want := range map[survival.Interval]curveReference{survival.IntervalLog: r.All, survival.IntervalLogLog: r.LogLog} {
		c, err := survival.KaplanMeier(s, survival.CurveOptions{Interval: interval})
		if err != nil {
			t.Fatal(err)
		}
		for k, at := range want.Times {
			surv, lower, upper := c.SurvivalAt(at)
			check(t, "survival", surv, want.Surv[k], 1e-9)
			check(t, "lower", lower, want.Lower[k], 1e-9)
			check(t, "upper", upper, want.Upper[k], 1e-9)
			found := false
			for i, time := range c.Times {
				if time == at {
					found = true
					check(t, "at risk", c.AtRisk[i], want.AtRisk[k], 0)
					check(t, "standard error", c.StdErr[i], want.SE[k], 1e-9)
				}
			}
			if !found {
				t.Errorf("%v is no time of the curve", at)
			}
		}
		if median, err := c.Quantile(0.5); err != nil || median.Time != nil {
			t.Errorf("three quarters survive, the median is %v, %v", median.Time, err)
		}
	}
}

func TestLogRankReference(t *testing.T) {
	want := readReferences(t).Rossi.LogRank
	s, _, fin := rossi(t)
	got, err := survival.LogRank(s, fin, nil)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "χ²", got.Statistic, want.ChiSq, 1e-9)
	check(t, "p", got.P, want.P, 1e-9)
	for g, e := range got.Groups {
		check(t, "observed", e.Observed, want.Obs[g], 0)
		check(t, "expected", e.Expected, want.Exp[g], 1e-9)
	}
	if got.DF != want.DF {
		t.Errorf("%d degrees of freedom", got.DF)
	}
}

func TestCoxReference(t *testing.T) {
	r := readReferences(t).Rossi
	for ties, want := range map[survival.Ties]coxReference{survival.TiesEfron: r.Efron, survival.TiesBreslow: r.Breslow} {
		s, c, _ := rossi(t)
		fit, err := survival.FitCox(s, c, survival.CoxOptions{Ties: ties})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range fit.Coefficients {
			// R stops its search at a change of 1e-9 of the log-likelihood.
			check(t, e.Name, e.Value, want.Coef[e.Name], 1e-8)
			check(t, "standard error of "+e.Name, e.StdErr, want.SE[e.Name], 1e-8)
		}
		check(t, "null log-likelihood", fit.NullLogLikelihood, want.LogLik[0], 1e-10)
		check(t, "log-likelihood", fit.LogLikelihood, want.LogLik[1], 1e-10)
		check(t, "likelihood ratio", fit.LikelihoodRatio.Statistic, want.LR, 1e-9)
		check(t, "Wald", fit.Wald.Statistic, want.Wald, 2e-4) // printed with two decimals
		check(t, "score", fit.Score.Statistic, want.Score, 1e-8)
		check(t, "concordance", fit.Concordance.Value, want.Concordance, 1e-9)
		if !fit.Converged || fit.Wald.DF != want.DF || fit.Events != want.Events || len(fit.Warnings) != 0 {
			t.Errorf("%s: %+v", ties, fit)
		}
		zph, err := fit.TestProportionality(survival.TransformKM)
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range zph.Covariates {
			check(t, "proportionality of "+of.Name, of.Statistic, want.ZPH[of.Name], 1e-6)
			check(t, "p of "+of.Name, of.P, want.ZPHP[of.Name], 1e-6)
		}
		check(t, "proportionality", zph.Global.Statistic, want.ZPH["GLOBAL"], 1e-6)
		check(t, "p of proportionality", zph.Global.P, want.ZPHP["GLOBAL"], 1e-6)
		baseline, err := fit.BaselineAtZero()
		if err != nil || len(baseline) != 1 {
			t.Fatal(baseline, err)
		}
		last := len(baseline[0].Times) - 1
		check(t, "last time", baseline[0].Times[last], want.BaseTime, 0)
		check(t, "baseline hazard", baseline[0].Cumulative[last], want.BaseHaz, 1e-7)
	}
}

func TestWeibullReference(t *testing.T) {
	r := readReferences(t).Rossi
	s, c, _ := rossi(t)
	for _, with := range []struct {
		covariates survival.Covariates
		want       weibullReference
	}{{c, r.Weibull}, {survival.Covariates{}, r.WeibullNull}} {
		fit, err := survival.FitWeibull(s, with.covariates, survival.WeibullOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range append([]survival.Coefficient{fit.Intercept, fit.LogScale}, fit.Coefficients...) {
			if want, ok := with.want.Coef[e.Name]; ok {
				check(t, e.Name, e.Value, want, 1e-8)
			}
			check(t, "standard error of "+e.Name, e.StdErr, with.want.SE[e.Name], 1e-8)
		}
		check(t, "scale", fit.Scale, with.want.Scale, 1e-8)
		check(t, "shape", fit.Shape, with.want.Shape, 1e-8)
		check(t, "null log-likelihood", fit.NullLogLikelihood, with.want.LogLik[0], 1e-10)
		check(t, "log-likelihood", fit.LogLikelihood, with.want.LogLik[1], 1e-10)
	}
}
