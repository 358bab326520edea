package btyd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
)

// anyModel draws a model with ordinary to extreme parameters.
func anyModel(t *rapid.T) btyd.Model {
	positive := func(name string, low, high float64) float64 {
		return math.Exp(rapid.Float64Range(math.Log(low), math.Log(high)).Draw(t, name))
	}
	r, alpha := positive("r", 0.01, 30), positive("alpha", 0.05, 500)
	switch rapid.IntRange(0, 2).Draw(t, "model") {
	case 0:
		return btyd.BGNBD{R: r, Alpha: alpha, A: positive("a", 0.02, 30), B: positive("b", 0.02, 30)}
	case 1:
		return btyd.MBGNBD{R: r, Alpha: alpha, A: positive("a", 0.02, 30), B: positive("b", 0.02, 30)}
	}
	return btyd.ParetoNBD{R: r, Alpha: alpha, S: positive("s", 0.02, 30), Beta: positive("beta", 0.05, 500)}
}

func anyHistory(t *rapid.T) btyd.History {
	h := btyd.History{
		X: rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(0, 5000)).Draw(t, "x"),
		T: rapid.OneOf(rapid.Float64Range(0.01, 200), rapid.Just(0.0)).Draw(t, "T"),
	}
	if h.T == 0 {
		h.X = 0
	}
	if h.X > 0 {
		h.Tx = h.T * rapid.OneOf(rapid.Float64Range(1e-6, 1), rapid.Just(1.0)).Draw(t, "t_x")
	}
	return h
}

func predictor(t rapid.TB, m btyd.Model) *btyd.Predictor {
	p, err := btyd.NewPredictor(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPredictionProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, h := predictor(t, anyModel(t)), anyHistory(t)
		horizon := rapid.Float64Range(0, 300).Draw(t, "horizon")
		must := func(v float64, err error) float64 {
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		alive := must(p.Alive(h))
		if !(alive >= 0 && alive <= 1) {
			t.Errorf("P(alive) is %v", alive)
		}
		near, far := must(p.Expected(h, horizon)), must(p.Expected(h, horizon*1.5))
		if !(near >= 0 && far >= near*(1-1e-12)) {
			t.Errorf("%v purchases over %v, %v over half as much again", near, horizon, far)
		}
		none := must(p.Exactly(h, horizon, 0))
		if !(none >= 1-alive-1e-12 && none <= 1) {
			t.Errorf("P(0 purchases) is %v with P(alive) %v", none, alive)
		}
		// Markov's inequality joins the two.
		if 1-none > near+1e-9 {
			t.Errorf("P(any purchase) is %v with %v expected", 1-none, near)
		}
		if v := must(p.LogLikelihood(h)); math.IsNaN(v) {
			t.Errorf("log-likelihood is %v", v)
		}
		if v := must(p.ExpectedNew(horizon)); !(v >= 0) {
			t.Errorf("a new customer buys %v times", v)
		}
	})
}

// TestProbabilitiesSumToOne, and their mean is the expectation.
func TestProbabilitiesSumToOne(t *testing.T) {
	histories := []btyd.History{{T: 30}, {X: 3, Tx: 20, T: 26}, {X: 12, Tx: 38, T: 39}}
	for _, m := range []btyd.Model{
		btyd.BGNBD{R: 2, Alpha: 8, A: 0.8, B: 2.4}, btyd.MBGNBD{R: 1.5, Alpha: 6, A: 1, B: 1.6},
		btyd.ParetoNBD{R: 1.5, Alpha: 10, S: 0.8, Beta: 12}, btyd.ParetoNBD{R: 1.5, Alpha: 10, S: 2.2, Beta: 3},
	} {
		p, must := predictor(t, m), figure(t)
		for _, h := range histories {
			total, mean, totalNew, meanNew := 0.0, 0.0, 0.0, 0.0
			for n := range 400 {
				v, w := must(p.Exactly(h, 13, n)), must(p.ExactlyNew(26, n))
				total, mean = total+v, mean+float64(n)*v
				totalNew, meanNew = totalNew+w, meanNew+float64(n)*w
			}
			relative(t, m.Name()+" sum of probabilities", total, 1, 1e-10)
			relative(t, m.Name()+" mean", mean, must(p.Expected(h, 13)), 1e-9)
			relative(t, m.Name()+" sum of probabilities of a new customer", totalNew, 1, 1e-10)
			relative(t, m.Name()+" mean of a new customer", meanNew, must(p.ExpectedNew(26)), 1e-9)
		}
	}
}

// shop draws customers of a model.
func shop(t testing.TB, m btyd.Model, customers int, seed uint64, ages ...float64) []btyd.History {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 77))
	p, err := btyd.NewPredictor(m)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]btyd.History, customers)
	for i := range all {
		if all[i], _, err = p.Simulate(rng, ages[i%len(ages)], 0); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

var truths = []btyd.Model{
	btyd.BGNBD{R: 0.8, Alpha: 6, A: 0.8, B: 2.5},
	btyd.MBGNBD{R: 1, Alpha: 6, A: 0.8, B: 1.8},
	btyd.ParetoNBD{R: 0.9, Alpha: 7, S: 0.8, Beta: 12},
}

// TestWeightsAndMerge: a weight is a repetition, parts merged are the whole, to the
// last bit and in whatever order.
func TestWeightsAndMerge(t *testing.T) {
	for _, truth := range truths {
		all := shop(t, truth, 400, 11, 26, 39, 52)
		whole, weighted, parts := btyd.NewCells(), btyd.NewCells(), []*btyd.Cells{btyd.NewCells(), btyd.NewCells()}
		for i, h := range all {
			for range 2 {
				if err := whole.Add(h, 1); err != nil {
					t.Fatal(err)
				}
			}
			if err := weighted.Add(h, 2); err != nil {
				t.Fatal(err)
			}
			if err := parts[i%2].Add(h, 2); err != nil {
				t.Fatal(err)
			}
		}
		if err := parts[1].Merge(parts[0]); err != nil {
			t.Fatal(err)
		}
		_, want, err := fit(t, truth.Name(), whole, btyd.Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, cells := range []*btyd.Cells{weighted, parts[1]} {
			_, got, err := fit(t, truth.Name(), cells, btyd.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got.LogLikelihood != want.LogLikelihood || got.Customers != 800 || cells.Len() > len(all) {
				t.Errorf("%s: log-likelihood %v of %v customers, want %v", truth.Name(), got.LogLikelihood, got.Customers, want.LogLikelihood)
			}
			for i, p := range got.Parameters {
				if p != want.Parameters[i] {
					t.Errorf("%s: %+v, want %+v", truth.Name(), p, want.Parameters[i])
				}
			}
		}
	}
}

// TestTimeUnit: weeks or days, the same customers have the same model.
func TestTimeUnit(t *testing.T) {
	for _, truth := range truths {
		all := shop(t, truth, 600, 12, 26, 39, 52)
		weeks, days := btyd.NewCells(), btyd.NewCells()
		for _, h := range all {
			if err := weeks.Add(h, 1); err != nil {
				t.Fatal(err)
			}
			if err := days.Add(btyd.History{X: h.X, Tx: 7 * h.Tx, T: 7 * h.T}, 1); err != nil {
				t.Fatal(err)
			}
		}
		inWeeks, a, err := fit(t, truth.Name(), weeks, btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		inDays, b, err := fit(t, truth.Name(), days, btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range a.Parameters {
			factor := 1.0
			if p.Name == "alpha" || p.Name == "beta" {
				factor = 7
			}
			relative(t, truth.Name()+" "+p.Name, b.Parameters[i].Value, factor*p.Value, 1e-7)
			relative(t, truth.Name()+" upper end of "+p.Name, b.Parameters[i].Upper, factor*p.Upper, 1e-6)
		}
		h, must := all[3], figure(t)
		relative(t, truth.Name()+" expectation", must(predictor(t, inDays).Expected(btyd.History{X: h.X, Tx: 7 * h.Tx, T: 7 * h.T}, 91)),
			must(predictor(t, inWeeks).Expected(h, 13)), 1e-6)
	}
}

// TestDraws: drawn parameters scatter around the estimate as its standard errors say.
func TestDraws(t *testing.T) {
	for _, truth := range truths {
		m, e, err := fit(t, truth.Name(), counted(t, shop(t, truth, 3000, 41, 52, 104)), btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		const n = 20_000
		models, err := btyd.DrawModels(m, e, n, 5)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range e.Parameters {
			total, square := 0.0, 0.0
			for _, drawn := range models {
				v := math.Log(drawn.Values()[i] / p.Value)
				total, square = total+v, square+v*v
			}
			sigma := math.Sqrt(e.Covariance[i][i])
			if math.Abs(total/n) > 5*sigma/math.Sqrt(n) {
				t.Errorf("%s %s: drawn logarithms have the mean %v", truth.Name(), p.Name, total/n)
			}
			relative(t, truth.Name()+" spread of "+p.Name, math.Sqrt(square/n), sigma, 0.03)
		}
	}
}

// TestTrack: purchases of a simulated shop are near what the model expects up to the end,
// and the periods add up.
func TestTrack(t *testing.T) {
	for _, truth := range truths {
		all := shop(t, truth, 20_000, 51, 30, 40, 52)
		actual := make([]float64, 4)
		p, must := predictor(t, truth), figure(t)
		for i := range actual {
			actual[i] = float64(i)
		}
		periods, err := btyd.Track(p, counted(t, all), 13, actual)
		if err != nil {
			t.Fatal(err)
		}
		last := periods[3]
		total := 0.0
		for _, h := range all {
			total += must(p.ExpectedNew(h.T))
		}
		relative(t, truth.Name()+" expected up to the end", last.CumulativeExpected, total, 1e-9)
		bought, sum := 0.0, 0.0
		for _, h := range all {
			bought += float64(h.X)
		}
		relative(t, truth.Name()+" bought", bought, total, 0.05)
		for _, period := range periods {
			sum += period.Expected
		}
		relative(t, truth.Name()+" sum of periods", sum, last.CumulativeExpected, 1e-12)
		if last.CumulativeActual != 6 || last.End != 52 {
			t.Errorf("the last period ends at %v with %v purchases", last.End, last.CumulativeActual)
		}
	}
}

// TestBatches: what is computed for many customers at once is what is computed for each.
func TestBatches(t *testing.T) {
	for _, truth := range truths {
		rng := rand.New(rand.NewPCG(61, 62))
		p := predictor(t, truth)
		all := make([]btyd.History, 4000)
		for i := range all {
			age := []float64{0.5, 26, 52, 104 * (1 - rng.Float64())}[i%4]
			var err error
			if all[i], _, err = p.Simulate(rng, age, 0); err != nil {
				t.Fatal(err)
			}
		}
		into := make([]float64, len(all))
		rate, err := btyd.PeriodDiscount(0.15, 52)
		if err != nil {
			t.Fatal(err)
		}
		compare := func(what string, err error, n int, one func(h btyd.History) (float64, error)) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			for i, h := range all[:n] {
				relative(t, truth.Name()+" "+what, into[i], figure(t)(one(h)), 1e-11)
			}
		}
		compare("P(alive)", p.AliveAll(all, into), len(all), p.Alive)
		compare("expected", p.ExpectedAll(all, 52, into), len(all), func(h btyd.History) (float64, error) { return p.Expected(h, 52) })
		compare("residual", p.ResidualAll(all, rate, into), 400, func(h btyd.History) (float64, error) { return p.Residual(h, rate) })
		if truth.Name() != "bg-nbd" {
			compare("churn", p.ChurnAll(all, 13, into), len(all), func(h btyd.History) (float64, error) { return p.Churn(h, 13) })
		}
		all[7].T = -1
		into[0] = 42
		if f, ok := fault.As(p.ExpectedAll(all, 52, into)); !ok || f.Metadata["index"] != "7" || into[0] != 42 {
			t.Errorf("a bad history among good ones: %v, first figure %v", f, into[0])
		}
	}
}
