package stat_test

import (
	"iter"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
)

func each(rows []stat.Counted) iter.Seq[stat.Counted] { return slices.Values(rows) }

// TestPoissonOfTwoGroups: with an intercept and a group the estimates are the
// logarithms of the groups' means, with the variances 1/events.
func TestPoissonOfTwoGroups(t *testing.T) {
	rows := []stat.Counted{
		{X: []float64{1, 0}, Y: 0, Weight: 6}, {X: []float64{1, 0}, Y: 2, Weight: 4}, // mean 0.8
		{X: []float64{1, 1}, Y: 1, Weight: 3}, {X: []float64{1, 1}, Y: 5, Weight: 1}, // mean 2
	}
	p, err := stat.FitPoisson(2, each(rows))
	if err != nil {
		t.Fatal(err)
	}
	nearly(t, "intercept", p.Coefficients[0], math.Log(0.8), 1e-10)
	nearly(t, "group", p.Coefficients[1], math.Log(2/0.8), 1e-10)
	nearly(t, "variance of the intercept", p.Covariance[0][0], 1.0/8, 1e-9)
	nearly(t, "variance of the group", p.Covariance[1][1], 1.0/8+1.0/8, 1e-9)
	nearly(t, "mean", p.Mean([]float64{1, 1}, math.Log(3)), 6, 1e-9)
	ln := func(n float64) float64 { v, _ := math.Lgamma(n + 1); return v }
	want := 6*(-0.8) + 4*(2*math.Log(0.8)-0.8-ln(2)) + 3*(math.Log(2)-2) + 5*math.Log(2) - 2 - ln(5)
	nearly(t, "log-likelihood", p.LogLikelihood, want, 1e-10)
}

func nearly(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*(1+math.Abs(want))) {
		t.Errorf("%s is %.12g, want %.12g", what, got, want)
	}
}

// TestPoissonAtItsOptimum: the score vanishes, a weight is a repetition, and an
// offset shifts the intercept alone.
func TestPoissonAtItsOptimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows, repeated, shifted []stat.Counted
		for range rapid.IntRange(4, 30).Draw(t, "rows") {
			r := stat.Counted{
				X: []float64{1, rapid.Float64Range(-2, 2).Draw(t, "x"), rapid.Float64Range(-2, 2).Draw(t, "z")},
				Y: float64(rapid.IntRange(0, 9).Draw(t, "y")), Weight: float64(rapid.IntRange(1, 3).Draw(t, "weight")),
			}
			rows = append(rows, r)
			for range int(r.Weight) {
				repeated = append(repeated, stat.Counted{X: r.X, Y: r.Y, Weight: 1})
			}
			r.Offset = 1.5
			shifted = append(shifted, r)
		}
		p, err := stat.FitPoisson(3, each(rows))
		if err != nil {
			if why := fault.ReasonOf(err); why != stat.ReasonNoEvents && why != stat.ReasonInformationSingular && why != stat.ReasonNotConverged {
				t.Fatal(err)
			}
			return
		}
		score := make([]float64, 3)
		for _, r := range rows {
			for i, x := range r.X {
				score[i] += r.Weight * (r.Y - p.Mean(r.X, 0)) * x
			}
		}
		for i, s := range score {
			if !(math.Abs(s) < 1e-4) {
				t.Fatalf("score %d is %g at %v", i, s, p.Coefficients)
			}
		}
		same, err := stat.FitPoisson(3, each(repeated))
		if err != nil || math.Abs(same.LogLikelihood-p.LogLikelihood) > 1e-6*(1+math.Abs(p.LogLikelihood)) {
			t.Fatalf("repeated: %v, %v; want %v", same, err, p)
		}
		moved, err := stat.FitPoisson(3, each(shifted))
		if err != nil || math.Abs(moved.LogLikelihood-p.LogLikelihood) > 1e-6*(1+math.Abs(p.LogLikelihood)) {
			t.Fatalf("with an offset: %v, %v; want the likelihood of %v", moved, err, p)
		}
	})
}

func TestPoissonRefusals(t *testing.T) {
	one := func(y float64) stat.Counted { return stat.Counted{X: []float64{1, 2}, Y: y, Weight: 1} }
	for name, test := range map[string]struct {
		rows []stat.Counted
		why  string
	}{
		"nothing":            {nil, stat.ReasonNoEvents},
		"no events":          {[]stat.Counted{one(0), one(0)}, stat.ReasonNoEvents},
		"a constant":         {[]stat.Counted{one(1), one(3)}, stat.ReasonInformationSingular},
		"a negative count":   {[]stat.Counted{one(-1)}, ""},
		"no number":          {[]stat.Counted{one(math.NaN())}, ""},
		"infinite":           {[]stat.Counted{{X: []float64{1, math.Inf(1)}, Y: 1, Weight: 1}}, ""},
		"no weight":          {[]stat.Counted{{X: []float64{1, 2}, Y: 1}}, ""},
		"too few covariates": {[]stat.Counted{{X: []float64{1}, Y: 1, Weight: 1}}, ""},
	} {
		if p, err := stat.FitPoisson(2, each(test.rows)); err == nil || fault.ReasonOf(err) != test.why {
			t.Errorf("%s: %v, %v; want %s", name, p, err, test.why)
		}
	}
}
