package survival_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/survival"
)

func drawCovariates(t *rapid.T, n, p int) survival.Covariates {
	c := survival.Covariates{Columns: make([][]float64, p)}
	for j := range p {
		c.Names, c.Columns[j] = append(c.Names, string(rune('a'+j))), make([]float64, n)
		for i := range n {
			c.Columns[j][i] = float64(rapid.IntRange(-20, 20).Draw(t, "x")) / 8
		}
	}
	return c
}

// TestScoreTestIsLogRank: with one binary covariate and no ties the score test of
// the Cox model is the log-rank test.
func TestScoreTestIsLogRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t)
		s.Weights = nil
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for i := range s.Durations {
			s.Durations[i] = rng.Float64()
		}
		group := drawCodes(t, s.Rows(), 2, "group")
		column := make([]float64, len(group))
		for i, g := range group {
			column[i] = float64(g)
		}
		test, err := survival.LogRank(s, group, nil)
		if err != nil {
			return
		}
		for _, ties := range []survival.Ties{survival.TiesEfron, survival.TiesBreslow} {
			fit, err := survival.FitCox(s, survival.Covariates{Names: []string{"group"}, Columns: [][]float64{column}}, survival.CoxOptions{Ties: ties})
			if err != nil || !within(fit.Score.Statistic, test.Statistic, 1e-8) {
				t.Fatalf("score %+v, %v, log-rank %v", fit, err, test.Statistic)
			}
		}
	})
}

// TestCoxProperties: other units, another clock, and rows repeated in place of
// weights change nothing else.
func TestCoxProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t)
		p := rapid.IntRange(1, 3).Draw(t, "p")
		c := drawCovariates(t, s.Rows(), p)
		o := survival.CoxOptions{Ties: rapid.SampledFrom([]survival.Ties{"efron", "breslow"}).Draw(t, "ties")}
		fit, err := survival.FitCox(s, c, o)
		if err != nil || !fit.Converged {
			return
		}
		other := survival.Covariates{Names: c.Names, Columns: make([][]float64, p)}
		for j, column := range c.Columns {
			other.Columns[j] = make([]float64, len(column))
			for i, v := range column {
				other.Columns[j][i] = 1e4 + 250*v
			}
		}
		clock := s
		clock.Durations = make([]float64, s.Rows())
		for i, d := range s.Durations {
			clock.Durations[i] = d * d
		}
		scaled, err := survival.FitCox(clock, other, o)
		if err != nil {
			t.Fatal(err)
		}
		for j := range fit.Coefficients {
			a, b := fit.Coefficients[j], scaled.Coefficients[j]
			if !within(250*b.Value, a.Value, 1e-5) || !within(250*b.StdErr, a.StdErr, 1e-5) {
				t.Fatalf("in other units %+v, not %+v", b, a)
			}
		}
		if s.Weights == nil || o.Ties == survival.TiesEfron { // Efron's ties take a weight's subjects as one
			return
		}
		again, _, columns := repeated(s, nil, c)
		twice, err := survival.FitCox(again, columns, o)
		if err != nil {
			t.Fatal(err)
		}
		for j := range fit.Coefficients {
			a, b := fit.Coefficients[j], twice.Coefficients[j]
			if !within(b.Value, a.Value, 1e-7) || !within(b.StdErr, a.StdErr, 1e-7) {
				t.Fatalf("repeated %+v, by weight %+v", b, a)
			}
		}
		if !within(twice.LogLikelihood, fit.LogLikelihood, 1e-9) || !within(twice.Concordance.Value, fit.Concordance.Value, 1e-9) {
			t.Fatalf("repeated %v, by weight %v", twice, fit)
		}
	})
}

// TestConcordanceByPairs compares with counting every pair.
func TestConcordanceByPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t)
		risk := drawCovariates(t, s.Rows(), 1).Columns[0]
		strata := drawCodes(t, s.Rows(), 2, "stratum")
		got, warnings, err := survival.ConcordanceOf(s, risk, strata)
		if err != nil {
			t.Fatal(err)
		}
		var want survival.Concordance
		for i := range risk {
			for j := range risk {
				w := 1.0
				if s.Weights != nil {
					w = s.Weights[i] * s.Weights[j]
				}
				switch {
				case strata[i] != strata[j] || i == j || !s.Events[i]:
				case s.Durations[i] == s.Durations[j] && s.Events[j]:
					want.TiedTime += w / 2
				case s.Durations[i] > s.Durations[j]:
				case risk[i] > risk[j]:
					want.Concordant += w
				case risk[i] < risk[j]:
					want.Discordant += w
				default:
					want.TiedRisk += w
				}
			}
		}
		if got.Concordant != want.Concordant || got.Discordant != want.Discordant || got.TiedRisk != want.TiedRisk || got.TiedTime != want.TiedTime {
			t.Fatalf("%+v, by pairs %+v", got, want)
		}
		if none := want.Concordant+want.Discordant+want.TiedRisk == 0; none != (len(warnings) == 1) {
			t.Fatalf("warnings %v of %+v", warnings, got)
		}
	})
}

// TestConcordanceError compares with the spread over samples.
func TestConcordanceError(t *testing.T) {
	var values, errs []float64
	for k := range uint64(200) {
		s, c := simulate(rand.New(rand.NewPCG(5, k)), 120, 1, 0, []float64{0.7})
		got, _, err := survival.ConcordanceOf(s, c.Columns[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		values, errs = append(values, got.Value), append(errs, got.StdErr)
	}
	sd, mean := spread(values), average(errs)
	if ratio := mean / sd; ratio < 0.85 || ratio > 1.15 {
		t.Errorf("the standard error is %.4f on average, the values spread by %.4f", mean, sd)
	}
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func spread(values []float64) float64 {
	mean, sum := average(values), 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// TestCoxCoverage: of 200 samples the intervals hold the true coefficients in about
// 95 %, with plain and with robust errors, and the test of proportionality rejects
// in about 5 %.
func TestCoxCoverage(t *testing.T) {
	const shape = 1.4
	beta := []float64{0.4, -0.6}
	for seed := uint64(1); seed <= 2; seed++ {
		hits, rejected := [4]int{}, 0
		for k := range uint64(200) {
			s, c := simulate(rand.New(rand.NewPCG(seed, k)), 200, shape, 1, beta)
			fit, err := survival.FitCox(s, c, survival.CoxOptions{Robust: true})
			if err != nil {
				t.Fatal(err)
			}
			zph, err := fit.TestProportionality(survival.TransformKM)
			if err != nil {
				t.Fatal(err)
			}
			if zph.Global.P < 0.05 {
				rejected++
			}
			for j, e := range fit.Coefficients {
				truth := -shape * beta[j] // of the hazard
				if e.Lower <= truth && truth <= e.Upper {
					hits[j]++
				}
				if math.Abs(e.Value-truth) <= 1.959964*e.StdErr {
					hits[2+j]++
				}
			}
		}
		for j, n := range hits {
			if n < 179 || n > 199 {
				t.Errorf("seed %d: %d of 200 intervals hold the truth (%d)", seed, n, j)
			}
		}
		if rejected < 1 || rejected > 21 {
			t.Errorf("seed %d: %d of 200 models that hold are rejected", seed, rejected)
		}
	}
}

// TestRobustErrors: rows doubled as clusters of two give the errors of the rows
// once, which the plain errors do not.
func TestRobustErrors(t *testing.T) {
	s, c := simulate(rand.New(rand.NewPCG(3, 4)), 120, 1, 0, []float64{0.5, 0.3})
	once, err := survival.FitCox(s, c, survival.CoxOptions{Ties: survival.TiesBreslow, Robust: true})
	if err != nil {
		t.Fatal(err)
	}
	doubled := survival.Sample{Durations: append(slices.Clone(s.Durations), s.Durations...), Events: append(slices.Clone(s.Events), s.Events...)}
	columns := survival.Covariates{Names: c.Names}
	for _, column := range c.Columns {
		columns.Columns = append(columns.Columns, append(slices.Clone(column), column...))
	}
	clusters := make([]int, 240)
	for i := range clusters {
		clusters[i] = i % 120
	}
	twice, err := survival.FitCox(doubled, columns, survival.CoxOptions{Ties: survival.TiesBreslow, Clusters: clusters})
	if err != nil {
		t.Fatal(err)
	}
	for j := range once.Coefficients {
		a, b := once.Coefficients[j], twice.Coefficients[j]
		check(t, "robust error", b.Robust, a.Robust, 1e-9)
		check(t, "plain error", b.StdErr*math.Sqrt2, a.StdErr, 1e-9)
	}
}

// TestStrata: strata that are the same sample on other clocks give the errors of
// the sample twice.
func TestStrata(t *testing.T) {
	s, c := simulate(rand.New(rand.NewPCG(3, 4)), 120, 1, 0, []float64{0.5, 0.3})
	once, err := survival.FitCox(s, c, survival.CoxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	both := survival.Sample{Durations: slices.Clone(s.Durations), Events: append(slices.Clone(s.Events), s.Events...)}
	columns, strata := survival.Covariates{Names: c.Names}, make([]int, 240)
	for i, d := range s.Durations {
		both.Durations = append(both.Durations, 1000*d*d)
		strata[120+i] = 1
	}
	for _, column := range c.Columns {
		columns.Columns = append(columns.Columns, append(slices.Clone(column), column...))
	}
	twice, err := survival.FitCox(both, columns, survival.CoxOptions{Strata: strata})
	if err != nil {
		t.Fatal(err)
	}
	for j := range once.Coefficients {
		a, b := once.Coefficients[j], twice.Coefficients[j]
		check(t, a.Name, b.Value, a.Value, 1e-9)
		check(t, "error", b.StdErr*math.Sqrt2, a.StdErr, 1e-9)
	}
	check(t, "log-likelihood", twice.LogLikelihood, 2*once.LogLikelihood, 1e-12)
	check(t, "concordance", twice.Concordance.Value, once.Concordance.Value, 1e-12)
	hazards, err := twice.BaselineAtMeans()
	if err != nil || len(hazards) != 2 || hazards[1].Stratum != 1 || !slices.Equal(hazards[0].Cumulative, hazards[1].Cumulative) {
		t.Errorf("%v, %v", hazards, err)
	}
}

// TestSchoenfeldResiduals sum to the gradient, which is 0: their mean is β.
func TestSchoenfeldResiduals(t *testing.T) {
	s, c, _ := rossi(t)
	fit, err := survival.FitCox(s, c, survival.CoxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	residuals := fit.SchoenfeldResiduals()
	if len(residuals) != 114 {
		t.Fatalf("%d residuals of 114 events", len(residuals))
	}
	for j, e := range fit.Coefficients {
		sum := 0.0
		for i, r := range residuals {
			sum += r.Scaled[j]
			if s.Durations[r.Row] != r.Time || !s.Events[r.Row] || i > 0 && r.Time < residuals[i-1].Time {
				t.Fatalf("%+v", r)
			}
		}
		check(t, e.Name, sum/114, e.Value, 1e-9)
	}
}

func TestCoxRefuses(t *testing.T) {
	s, c := simulate(rand.New(rand.NewPCG(1, 1)), 60, 1, 0, []float64{0.5, 0.3})
	fit := func(s survival.Sample, o survival.CoxOptions, columns ...[]float64) error {
		names := []string{"a", "b", "c", "d"}[:len(columns)]
		_, err := survival.FitCox(s, survival.Covariates{Names: names, Columns: columns}, o)
		return err
	}
	a, b := c.Columns[0], c.Columns[1]
	sum, constant := make([]float64, 60), make([]float64, 60)
	for i := range sum {
		sum[i], constant[i] = 2*a[i]-b[i]+3, 7
	}
	if e := wantReason(t, fit(s, survival.CoxOptions{}, a, b, sum), survival.ReasonSingular, "c"); !slices.Equal(e.Covariates, []string{"c", "a", "b"}) {
		t.Errorf("%v", e.Covariates)
	}
	wantReason(t, fit(s, survival.CoxOptions{}, a, constant), survival.ReasonConstant, "b")
	strata := make([]int, 60)
	for i := range strata {
		strata[i] = int(b[i])
	}
	wantReason(t, fit(s, survival.CoxOptions{Strata: strata}, a, b), survival.ReasonSingular, "b")
	none := s
	none.Events = make([]bool, 60)
	wantReason(t, fit(none, survival.CoxOptions{}, a), survival.ReasonNoEvents, "events")
	few := s
	few.Events = make([]bool, 60)
	few.Events[0] = true
	wantReason(t, fit(few, survival.CoxOptions{}, a, b), survival.ReasonTooFewEvents, "events")
	bad := slices.Clone(a)
	bad[7] = math.NaN()
	if e := wantReason(t, fit(s, survival.CoxOptions{}, bad), survival.ReasonInvalid, "a"); e.Row != 7 {
		t.Errorf("row %d", e.Row)
	}
	wantReason(t, fit(s, survival.CoxOptions{}, a[:5]), survival.ReasonInvalid, "a")
	wantReason(t, fit(s, survival.CoxOptions{}), survival.ReasonInvalid, "covariates")
	wantReason(t, fit(s, survival.CoxOptions{Ties: "exact"}, a), survival.ReasonInvalid, "ties")
	wantReason(t, fit(s, survival.CoxOptions{Clusters: []int{1}}, a), survival.ReasonInvalid, "clusters")
}

// TestSeparation: who has the higher value always goes first, so that the
// coefficient is infinite and said to be.
func TestSeparation(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	s, c := simulate(rng, 80, 1, 0, []float64{0.2})
	first := make([]float64, 80)
	for i := range first {
		if i%2 == 0 { // half of them, all dead before the others begin to be at risk of anything
			first[i], s.Events[i] = 1, true
		} else {
			s.Durations[i] += 1000
		}
	}
	c = survival.Covariates{Names: []string{"x", "first"}, Columns: [][]float64{c.Columns[0], first}}
	fit, err := survival.FitCox(s, c, survival.CoxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(fit.Warnings, func(w survival.Warning) bool { return w.Reason == survival.ReasonInfinite })
	if i < 0 || !slices.Equal(fit.Warnings[i].Covariates, []string{"first"}) || fit.Converged {
		t.Fatalf("%+v", fit.Warnings)
	}
	if fit.Coefficients[1].Value < 8 || math.Abs(fit.Coefficients[0].Value) > 2 {
		t.Errorf("%+v", fit.Coefficients)
	}
}
