package survival_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/survival"
)

func kaplanMeier(t rapid.TB, s survival.Sample, o survival.CurveOptions) *survival.Curve {
	t.Helper()
	c, err := survival.KaplanMeier(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCurveByHand: the classic example of Freireich et al. (1963), 21 patients
// given 6-MP, whose curve textbooks print.
func TestCurveByHand(t *testing.T) {
	s := survival.Sample{
		Durations: []float64{6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35},
		Events: []bool{true, true, true, false, true, false, true, false, false, true, true, false, false, false,
			true, true, false, false, false, false, false},
	}
	c := kaplanMeier(t, s, survival.CurveOptions{})
	for time, want := range map[float64]float64{5: 1, 6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482, 99: 0.4482} {
		if got, _, _ := c.SurvivalAt(time); math.Abs(got-want) > 5e-5 {
			t.Errorf("survival at %v is %v, want %v", time, got, want)
		}
	}
	median, err := c.Quantile(0.5)
	if err != nil || median.Time == nil || *median.Time != 23 || median.Lower == nil || *median.Lower != 16 || median.Upper != nil {
		t.Errorf("the median is %+v, %v", median, err)
	}
}

// TestCurveWithoutCensoring is one less the empirical distribution.
func TestCurveWithoutCensoring(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t)
		for i := range s.Events {
			s.Events[i] = true
		}
		s.Weights = nil
		c := kaplanMeier(t, s, survival.CurveOptions{Interval: survival.IntervalPlain})
		n := float64(len(s.Durations))
		for i, time := range c.Times {
			later := 0.0
			for _, d := range s.Durations {
				if d > time {
					later++
				}
			}
			if math.Abs(c.Survival[i]-later/n) > 1e-12 {
				t.Fatalf("survival at %v is %v, %v of %v are later", time, c.Survival[i], later, n)
			}
			// Greenwood's is then the binomial variance.
			if p := later / n; math.Abs(c.StdErr[i]-math.Sqrt(p*(1-p)/n)) > 1e-12 {
				t.Fatalf("standard error %v at %v", c.StdErr[i], time)
			}
		}
	})
}

func TestCurveProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t)
		o := survival.CurveOptions{Interval: rapid.SampledFrom([]survival.Interval{"log", "log-log", "plain"}).Draw(t, "interval")}
		c := kaplanMeier(t, s, o)
		for i := range c.Times {
			if c.Lower[i] > c.Survival[i] || c.Upper[i] < c.Survival[i] || c.Lower[i] < 0 || c.Upper[i] > 1 {
				t.Fatalf("the interval of %v is %v to %v", c.Survival[i], c.Lower[i], c.Upper[i])
			}
			if i > 0 && (c.Survival[i] > c.Survival[i-1] || c.AtRisk[i] >= c.AtRisk[i-1] || c.Times[i] <= c.Times[i-1]) {
				t.Fatalf("at %v: %+v", c.Times[i], c)
			}
		}
		if s.Weights == nil {
			return
		}
		again, _, _ := repeated(s, nil, survival.Covariates{})
		r := kaplanMeier(t, again, o)
		for name, pair := range map[string][2][]float64{
			"times": {c.Times, r.Times}, "at risk": {c.AtRisk, r.AtRisk}, "survival": {c.Survival, r.Survival},
			"lower": {c.Lower, r.Lower}, "upper": {c.Upper, r.Upper},
		} {
			if !slices.EqualFunc(pair[0], pair[1], func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
				t.Fatalf("%s: by weight %v, repeated %v", name, pair[0], pair[1])
			}
		}
	})
}

func TestNelsonAalen(t *testing.T) {
	s := survival.Sample{Durations: []float64{1, 2, 2, 3, 4}, Events: []bool{true, true, false, false, true}}
	h := kaplanMeier(t, s, survival.CurveOptions{}).NelsonAalen()
	want := []float64{1. / 5, 1./5 + 1./4, 1./5 + 1./4, 1./5 + 1./4 + 1}
	variance := []float64{1. / 25, 1./25 + 1./16, 1./25 + 1./16, 1./25 + 1./16 + 1}
	for i := range want {
		check(t, "hazard", h.Cumulative[i], want[i], 1e-15)
		check(t, "variance", h.Variance[i], variance[i], 1e-15)
	}
}

// TestMedianOnAStep: a curve that lies at one half for a while has its median in
// the middle of that while.
func TestMedianOnAStep(t *testing.T) {
	s := survival.Sample{Durations: []float64{1, 2, 6, 8}, Events: []bool{true, true, true, true}}
	median, err := kaplanMeier(t, s, survival.CurveOptions{}).Quantile(0.5)
	if err != nil || median.Time == nil || *median.Time != 4 {
		t.Errorf("the median is %v, %v", median.Time, err)
	}
	s.Events = []bool{true, true, false, false} // never leaves one half
	median, err = kaplanMeier(t, s, survival.CurveOptions{}).Quantile(0.5)
	if err != nil || median.Time == nil || *median.Time != 5 {
		t.Errorf("the median is %v, %v", median.Time, err)
	}
}

// TestCurveCoverage: of 200 samples the interval holds the truth in about 95 %.
func TestCurveCoverage(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		hits := 0
		for k := range uint64(200) {
			s, _ := simulate(rand.New(rand.NewPCG(seed, k)), 150, 1, 0, nil)
			_, lower, upper := kaplanMeier(t, s, survival.CurveOptions{Interval: survival.IntervalLogLog}).SurvivalAt(0.7)
			if truth := math.Exp(-0.7); lower <= truth && truth <= upper {
				hits++
			}
		}
		if hits < 180 || hits > 199 { // 190 ± 3 standard deviations
			t.Errorf("seed %d: %d of 200 intervals hold the truth", seed, hits)
		}
	}
}

func TestCurveWithoutEvents(t *testing.T) {
	c := kaplanMeier(t, survival.Sample{Durations: []float64{0, 3}, Events: []bool{false, false}}, survival.CurveOptions{})
	if c.Survival[1] != 1 || c.Lower[1] != 1 || len(c.Warnings) != 1 || c.Warnings[0].Reason != survival.ReasonNoEvents {
		t.Errorf("%+v", c)
	}
}

func wantReason(t *testing.T, err error, reason survival.Reason, argument string) *survival.Error {
	t.Helper()
	var e *survival.Error
	if !errors.As(err, &e) || e.Reason != reason || e.Argument != argument {
		t.Errorf("%v, want %s of %s", err, reason, argument)
		return &survival.Error{}
	}
	return e
}

func TestSamplesRefused(t *testing.T) {
	one := []bool{true}
	for name, c := range map[string]struct {
		sample   survival.Sample
		argument string
	}{
		"empty":            {survival.Sample{}, "durations"},
		"negative":         {survival.Sample{Durations: []float64{-1}, Events: one}, "durations"},
		"NaN":              {survival.Sample{Durations: []float64{math.NaN()}, Events: one}, "durations"},
		"infinite":         {survival.Sample{Durations: []float64{math.Inf(1)}, Events: one}, "durations"},
		"other length":     {survival.Sample{Durations: []float64{1, 2}, Events: one}, "events"},
		"weight 0":         {survival.Sample{Durations: []float64{1}, Events: one, Weights: []float64{0}}, "weights"},
		"NaN weight":       {survival.Sample{Durations: []float64{1}, Events: one, Weights: []float64{math.NaN()}}, "weights"},
		"too many weights": {survival.Sample{Durations: []float64{1}, Events: one, Weights: []float64{1, 1}}, "weights"},
	} {
		_, err := survival.KaplanMeier(c.sample, survival.CurveOptions{})
		t.Run(name, func(t *testing.T) {
			wantReason(t, err, survival.ReasonInvalid, c.argument)
		})
	}
	fine := survival.Sample{Durations: []float64{1}, Events: one}
	_, err := survival.KaplanMeier(fine, survival.CurveOptions{Interval: "loglog"})
	wantReason(t, err, survival.ReasonInvalid, "interval")
	for _, level := range []float64{95, 1, -1, math.NaN(), math.Nextafter(1, 2)} {
		_, err = survival.KaplanMeier(fine, survival.CurveOptions{Level: level})
		wantReason(t, err, survival.ReasonInvalid, "level")
	}
	_, err = kaplanMeier(t, fine, survival.CurveOptions{}).Quantile(50)
	wantReason(t, err, survival.ReasonInvalid, "share")
}
