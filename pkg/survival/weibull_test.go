package survival_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/survival"
)

// TestWeibullCoverage: of 200 samples the intervals hold the true parameters in
// about 95 %.
func TestWeibullCoverage(t *testing.T) {
	const shape, intercept = 1.4, 1.0
	beta := []float64{0.4, -0.6}
	for seed := uint64(1); seed <= 2; seed++ {
		hits := [4]int{}
		for k := range uint64(200) {
			s, c := simulate(rand.New(rand.NewPCG(seed, k)), 200, shape, intercept, beta)
			fit, err := survival.FitWeibull(s, c, survival.WeibullOptions{})
			if err != nil {
				t.Fatal(err)
			}
			all := append([]survival.Coefficient{fit.Intercept, fit.LogScale}, fit.Coefficients...)
			for j, truth := range []float64{intercept, -math.Log(shape), beta[0], beta[1]} {
				if all[j].Lower <= truth && truth <= all[j].Upper {
					hits[j]++
				}
			}
		}
		for j, n := range hits {
			if n < 179 || n > 199 {
				t.Errorf("seed %d: %d of 200 intervals hold parameter %d", seed, n, j)
			}
		}
	}
}

// TestWeibullUnits: times in other units move the intercept and the likelihood,
// covariates in other units their own coefficient; weights are repetition.
func TestWeibullUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t)
		for i := range s.Durations {
			s.Durations[i] += 0.125
		}
		c := drawCovariates(t, s.Rows(), rapid.IntRange(0, 2).Draw(t, "p"))
		fit, err := survival.FitWeibull(s, c, survival.WeibullOptions{})
		if err != nil || !fit.Converged {
			return
		}
		other := survival.Covariates{Names: c.Names, Columns: make([][]float64, len(c.Columns))}
		for j, column := range c.Columns {
			for _, v := range column {
				other.Columns[j] = append(other.Columns[j], 100+30*v)
			}
		}
		days := s
		days.Durations = make([]float64, s.Rows())
		for i, d := range s.Durations {
			days.Durations[i] = 7 * d
		}
		again, err := survival.FitWeibull(days, other, survival.WeibullOptions{})
		if err != nil {
			t.Fatal(err)
		}
		shift := math.Log(7)
		for j, e := range fit.Coefficients {
			b := again.Coefficients[j]
			shift -= 100 * b.Value
			if !within(30*b.Value, e.Value, 1e-6) || !within(30*b.StdErr, e.StdErr, 1e-6) {
				t.Fatalf("%+v, not %+v", b, e)
			}
		}
		if !within(again.Shape, fit.Shape, 1e-6) || !within(again.Intercept.Value, fit.Intercept.Value+shift, 1e-5) ||
			!within(again.LogLikelihood, fit.LogLikelihood-fit.Events*math.Log(7), 1e-8) {
			t.Fatalf("%+v, not %+v", again, fit)
		}
		if s.Weights == nil {
			return
		}
		rows, _, columns := repeated(s, nil, c)
		twice, err := survival.FitWeibull(rows, columns, survival.WeibullOptions{})
		if err != nil || !within(twice.LogLikelihood, fit.LogLikelihood, 1e-9) || !within(twice.LogScale.StdErr, fit.LogScale.StdErr, 1e-6) {
			t.Fatalf("repeated %+v, %v, by weight %+v", twice, err, fit)
		}
	})
}

func TestWeibullPredicts(t *testing.T) {
	s, c := simulate(rand.New(rand.NewPCG(2, 2)), 300, 1.5, 1, []float64{0.4})
	fit, err := survival.FitWeibull(s, c, survival.WeibullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, share := range []float64{0.01, 0.5, 0.99} {
		at, err := fit.Quantile(share, []float64{0.3})
		if err != nil {
			t.Fatal(err)
		}
		left, err := fit.SurvivalAt(at, []float64{0.3})
		if err != nil || math.Abs(left-(1-share)) > 1e-12 {
			t.Errorf("by %v a share of %v is left, %v", at, left, err)
		}
	}
	if at0, err := fit.SurvivalAt(0, []float64{0.3}); at0 != 1 || err != nil {
		t.Errorf("at 0 %v, %v", at0, err)
	}
	_, err = fit.SurvivalAt(1, nil)
	wantReason(t, err, survival.ReasonInvalid, "x")
	_, err = fit.SurvivalAt(math.NaN(), []float64{0})
	wantReason(t, err, survival.ReasonInvalid, "t")
	_, err = fit.Quantile(1, []float64{0})
	wantReason(t, err, survival.ReasonInvalid, "share")
	_, err = fit.Quantile(0.5, []float64{1e9})
	wantReason(t, err, survival.ReasonOverflow, "x")
}

func TestWeibullRefuses(t *testing.T) {
	none := survival.Covariates{}
	fit := func(s survival.Sample, c survival.Covariates) error {
		_, err := survival.FitWeibull(s, c, survival.WeibullOptions{})
		return err
	}
	if e := wantReason(t, fit(survival.Sample{Durations: []float64{1, 0}, Events: []bool{true, true}}, none), survival.ReasonInvalid, "durations"); e.Row != 1 {
		t.Errorf("row %d", e.Row)
	}
	wantReason(t, fit(survival.Sample{Durations: []float64{1, 2}, Events: []bool{false, false}}, none), survival.ReasonNoEvents, "events")
	wantReason(t, fit(survival.Sample{Durations: []float64{3, 3, 3}, Events: []bool{true, true, false}}, none), survival.ReasonShapeUnbounded, "durations")
	wantReason(t, fit(survival.Sample{Durations: []float64{1, 3, 3}, Events: []bool{false, true, true}}, none), survival.ReasonShapeUnbounded, "durations")
	s, c := simulate(rand.New(rand.NewPCG(2, 2)), 50, 1.5, 1, []float64{0.4})
	exact := make([]float64, 50)
	for i, d := range s.Durations {
		exact[i] = 3 - 2*math.Log(d)
	}
	wantReason(t, fit(s, survival.Covariates{Names: []string{"exact"}, Columns: [][]float64{exact}}), survival.ReasonShapeUnbounded, "durations")
	twice := survival.Covariates{Names: []string{"a", "b"}, Columns: [][]float64{c.Columns[0], c.Columns[0]}}
	if e := wantReason(t, fit(s, twice), survival.ReasonSingular, "b"); !slices.Equal(e.Covariates, []string{"b", "a"}) {
		t.Errorf("%v", e.Covariates)
	}
}

// TestWeibullSeparation: nobody in a group has the event.
func TestWeibullSeparation(t *testing.T) {
	s, c := simulate(rand.New(rand.NewPCG(2, 2)), 100, 1.5, 1, []float64{0.4})
	immune := make([]float64, 100)
	for i := range 40 {
		immune[i], s.Events[i] = 1, false
	}
	c = survival.Covariates{Names: []string{"x", "immune"}, Columns: [][]float64{c.Columns[0], immune}}
	fit, err := survival.FitWeibull(s, c, survival.WeibullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(fit.Warnings, func(w survival.Warning) bool { return w.Reason == survival.ReasonInfinite })
	if i < 0 || !slices.Equal(fit.Warnings[i].Covariates, []string{"immune"}) {
		t.Errorf("%+v", fit.Warnings)
	}
}
