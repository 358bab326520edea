package survival_test

import (
	"math"
	"testing"

	"github.com/kehuhq/kehu/pkg/survival"
)

// aml are the remissions of Miller (1981), "Survival Analysis", with and without
// maintenance, whose figures many textbooks print.
func aml() (s survival.Sample, group []int) {
	for g, weeks := range [][]float64{
		{9, 13, -13, 18, 23, -28, 31, 34, -45, 48, -161}, // negative: censored
		{5, 5, 8, 8, 12, -16, 23, 27, 30, 33, 43, 45},
	} {
		for _, w := range weeks {
			s.Durations, s.Events, group = append(s.Durations, math.Abs(w)), append(s.Events, w > 0), append(group, g)
		}
	}
	return s, group
}

// printed checks a figure that is known to so many decimals.
func printed(t *testing.T, name string, got, want float64, decimals int) {
	t.Helper()
	if math.Abs(got-want) > 0.5001*math.Pow10(-decimals) {
		t.Errorf("%s is %.6f, textbooks have %v", name, got, want)
	}
}

func TestTextbook(t *testing.T) {
	s, group := aml()
	test, err := survival.LogRank(s, group, nil)
	if err != nil {
		t.Fatal(err)
	}
	printed(t, "log-rank", test.Statistic, 3.4, 1)
	printed(t, "its p", test.P, 0.07, 2)
	column := make([]float64, len(group))
	for i, g := range group {
		column[i] = float64(g)
	}
	c := survival.Covariates{Names: []string{"nonmaintained"}, Columns: [][]float64{column}}
	cox, err := survival.FitCox(s, c, survival.CoxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	printed(t, "Cox", cox.Coefficients[0].Value, 0.9155, 4)
	printed(t, "its error", cox.Coefficients[0].StdErr, 0.5119, 4)
	printed(t, "likelihood ratio", cox.LikelihoodRatio.Statistic, 3.38, 2)
	weibull, err := survival.FitWeibull(s, c, survival.WeibullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	printed(t, "intercept", weibull.Intercept.Value, 4.109, 3)
	printed(t, "its error", weibull.Intercept.StdErr, 0.300, 3)
	printed(t, "effect", weibull.Coefficients[0].Value, -0.929, 3)
	printed(t, "its error", weibull.Coefficients[0].StdErr, 0.383, 3)
	printed(t, "log scale", weibull.LogScale.Value, -0.235, 3)
	printed(t, "its error", weibull.LogScale.StdErr, 0.178, 3)
	printed(t, "log-likelihood", weibull.LogLikelihood, -80.5, 1)
	printed(t, "null log-likelihood", weibull.NullLogLikelihood, -83.2, 1)
	for g, want := range [][2]float64{{31, 18}, {23, 8}} {
		var part survival.Sample
		for i, of := range group {
			if of == g {
				part.Durations, part.Events = append(part.Durations, s.Durations[i]), append(part.Events, s.Events[i])
			}
		}
		median, err := kaplanMeier(t, part, survival.CurveOptions{}).Quantile(0.5)
		if err != nil || median.Time == nil || *median.Time != want[0] || median.Lower == nil || *median.Lower != want[1] || median.Upper != nil {
			t.Errorf("group %d: median %+v, %v", g, median, err)
		}
	}
}
