package btyd_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/refdata"
)

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.12g, want %.12g ± %.2g", name, got, want, tolerance)
	}
}

func wantFinite(t *testing.T, e *btyd.Estimate) {
	t.Helper()
	for _, p := range e.Parameters {
		for _, v := range []float64{p.Value, p.StandardError, p.Lower, p.Upper, e.LogLikelihood, e.Gradient} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("not finite: %+v of %+v", p, e)
			}
		}
	}
}

type spendReference struct {
	GG struct {
		Params         []float64    `json:"params"`
		LL             float64      `json:"ll"`
		SE             []float64    `json:"se"`
		N              float64      `json:"n"`
		PopulationMean float64      `json:"population_mean"`
		Corr           float64      `json:"corr_x_m"`
		Sum            float64      `json:"sum_cond_mean"`
		First          []float64    `json:"first5"`
		FirstXM        [][2]float64 `json:"first5_x_m"`
	} `json:"gg"`
}

// cdnowSpend are x and the mean spend of all customers of the CDNOW sample.
func cdnowSpend(t *testing.T) (x []int, mean []float64) {
	t.Helper()
	rows := refdata.CSV(t, "data/cdnow_customers_summary_with_transactions.csv")
	for _, row := range rows[1:] {
		n, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		m, err := strconv.ParseFloat(row[4], 64)
		if err != nil {
			t.Fatal(err)
		}
		x, mean = append(x, n), append(mean, m)
	}
	return x, mean
}

func cellsOf(t interface{ Fatal(...any) }, x []int, mean []float64) *btyd.SpendCells {
	c := new(btyd.SpendCells)
	for i := range x {
		if err := c.Add(x[i], mean[i], 1); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestGammaGammaReference(t *testing.T) {
	var r spendReference
	refdata.JSON(t, "reference/cdnow_models.json", &r)
	want := r.GG
	x, mean := cdnowSpend(t)
	cells := cellsOf(t, x, mean)
	m, e, err := btyd.FitGammaGamma(t.Context(), cells, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !e.Converged || e.Gradient > 1e-6 || e.Customers != want.N || len(e.Warnings) > 0 {
		t.Errorf("converged %v, gradient %g, %g customers, %v", e.Converged, e.Gradient, e.Customers, e.Warnings)
	}
	near(t, "log-likelihood", e.LogLikelihood, want.LL, 1e-3)
	near(t, "correlation", cells.Correlation(), want.Corr, 1e-9)
	for i, p := range e.Parameters {
		near(t, p.Name, p.Value, want.Params[i], 1e-3*want.Params[i])
		near(t, "standard error of "+p.Name, p.StandardError, want.SE[i], 0.02*want.SE[i])
	}
	population, err := m.PopulationMean()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "population mean", population, want.PopulationMean, 2e-3*want.PopulationMean)

	exact := btyd.GammaGamma{P: want.Params[0], Q: want.Params[1], V: want.Params[2]}
	for i, xm := range want.FirstXM {
		got, err := exact.ConditionalMean(int(xm[0]), xm[1])
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("expected spend of customer %d", i), got, want.First[i], 1e-9*want.First[i])
	}
	var total, likelihood float64
	for i := range x {
		if x[i] == 0 || mean[i] <= 0 {
			continue
		}
		expected, err := exact.ConditionalMean(x[i], mean[i])
		if err != nil {
			t.Fatal(err)
		}
		l, err := exact.LogLikelihood(x[i], mean[i])
		if err != nil {
			t.Fatal(err)
		}
		total, likelihood = total+expected, likelihood+l
	}
	near(t, "sum of expected spend", total, want.Sum, 1e-9*want.Sum)
	near(t, "log-likelihood by customer", likelihood, want.LL, 1e-6)
}

// drawSpend draws customers of a Gamma-Gamma population.
func drawSpend(rng *rand.Rand, m btyd.GammaGamma, customers int) *btyd.SpendCells {
	c := new(btyd.SpendCells)
	for range customers {
		x := 1 + int(rng.ExpFloat64()*2)
		nu := gammaDraw(rng, m.Q) / m.V
		if err := c.Add(x, gammaDraw(rng, m.P*float64(x))/(float64(x)*nu), 1); err != nil {
			panic(err)
		}
	}
	return c
}

func gammaDraw(rng *rand.Rand, shape float64) float64 {
	return distuv.Gamma{Alpha: shape, Beta: 1, Src: rng}.Rand()
}

func TestGammaGammaIntervalsCover(t *testing.T) {
	truth := btyd.GammaGamma{P: 6, Q: 3.7, V: 15}
	samples, least, most := uint64(200), 180, 199
	if raceDetector { // of which this tests nothing
		samples, least, most = 40, 32, 40
	}
	covered := map[string]int{}
	for seed := range samples {
		cells := drawSpend(rand.New(rand.NewPCG(seed, 7)), truth, 1000)
		_, e, err := btyd.FitGammaGamma(t.Context(), cells, btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !e.Converged {
			t.Errorf("seed %d: gradient %g, %v", seed, e.Gradient, e.Warnings)
		}
		count(covered, e, map[string]float64{"p": truth.P, "q": truth.Q, "v": truth.V})
	}
	for name, n := range covered {
		if n < least || n > most {
			t.Errorf("%s lies in %d of %d intervals", name, n, samples)
		}
	}
	t.Logf("covered %v", covered)
}

func drawGammaGamma(t *rapid.T) btyd.GammaGamma {
	return btyd.GammaGamma{
		P: math.Exp(rapid.Float64Range(-2, 4).Draw(t, "log p")),
		Q: 1 + math.Exp(rapid.Float64Range(-2, 4).Draw(t, "log q−1")),
		V: math.Exp(rapid.Float64Range(-6, 12).Draw(t, "log v")),
	}
}

func TestGammaGammaMeanLiesBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawGammaGamma(t)
		x, mean := rapid.IntRange(1, 5000).Draw(t, "x"), math.Exp(rapid.Float64Range(-9, 20).Draw(t, "log mean"))
		population, err := m.PopulationMean()
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.ConditionalMean(x, mean)
		if err != nil {
			t.Fatal(err)
		}
		low, high := math.Min(mean, population), math.Max(mean, population)
		if got < low*(1-1e-12) || got > high*(1+1e-12) {
			t.Fatalf("expected %v of %v and %v", got, mean, population)
		}
		nothing, err := m.ConditionalMean(0, mean)
		if err != nil || nothing != population {
			t.Fatalf("of a one-time buyer %v, not %v (%v)", nothing, population, err)
		}
	})
}

// A density integrates to one, whatever the parameters.
func TestGammaGammaLikelihoodIsADensity(t *testing.T) {
	for _, m := range []btyd.GammaGamma{{6.2, 3.7, 15.4}, {0.8, 1.4, 3}, {300, 50, 2}, {40, 9.9, 200}} {
		for _, x := range []int{1, 2, 40} {
			// Over log mean, by the trapezoidal rule, which is exact for smooth
			// functions that die out at both ends.
			const h = 0.002
			var total float64
			for u := -60.0; u < 60; u += h {
				mean := math.Exp(u) * m.V
				if mean < 1e-15 || mean > 1e15 {
					continue // beyond what a mean may be
				}
				l, err := m.LogLikelihood(x, mean)
				if err != nil {
					t.Fatal(err)
				}
				total += math.Exp(l) * mean * h
			}
			near(t, fmt.Sprintf("integral of %v with %d purchases", m, x), total, 1, 1e-7)
		}
	}
}

func TestSpendCellsAreAdditive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(20, 60).Draw(t, "n")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		whole, parts := new(btyd.SpendCells), [2]btyd.SpendCells{}
		weighted := new(btyd.SpendCells)
		for i := range n {
			x, mean := rng.IntN(4), float64(rng.IntN(400)-20)/10
			for _, c := range []*btyd.SpendCells{whole, whole, &parts[i%2], &parts[(i+1)%2]} {
				if err := c.Add(x, mean, 1); err != nil {
					t.Fatal(err)
				}
			}
			if err := weighted.Add(x, mean, 2); err != nil {
				t.Fatal(err)
			}
		}
		parts[0].Merge(&parts[1])
		for name, other := range map[string]*btyd.SpendCells{"merged": &parts[0], "weighted": weighted} {
			if other.Len() != whole.Len() || other.Customers() != whole.Customers() || other.Correlation() != whole.Correlation() ||
				other.OneTime != whole.OneTime || other.NotPositive != whole.NotPositive {
				t.Fatalf("%s: %+v, whole: %+v", name, other, whole)
			}
		}
	})
}

func TestWeightsAreRepetition(t *testing.T) {
	once := drawSpend(rand.New(rand.NewPCG(5, 6)), btyd.GammaGamma{P: 3, Q: 4, V: 20}, 300)
	thrice := new(btyd.SpendCells)
	for range 3 {
		thrice.Merge(once)
	}
	m, e, err := btyd.FitGammaGamma(t.Context(), once, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, f, err := btyd.FitGammaGamma(t.Context(), thrice, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "p", other.P, m.P, 1e-6*m.P)
	near(t, "log-likelihood", f.LogLikelihood, 3*e.LogLikelihood, 1e-6)
	near(t, "standard error of p", f.Parameters[0].StandardError, e.Parameters[0].StandardError/math.Sqrt(3), 1e-4*e.Parameters[0].StandardError)
}

// In another currency v alone is another, by the rate.
func TestGammaGammaKnowsNoUnit(t *testing.T) {
	truth := btyd.GammaGamma{P: 3, Q: 4, V: 20}
	a := drawSpend(rand.New(rand.NewPCG(1, 2)), truth, 500)
	b := drawSpend(rand.New(rand.NewPCG(1, 2)), btyd.GammaGamma{P: 3, Q: 4, V: 20 * 7.1}, 500)
	m, _, err := btyd.FitGammaGamma(t.Context(), a, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := btyd.FitGammaGamma(t.Context(), b, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "p", other.P, m.P, 1e-6*m.P)
	near(t, "q", other.Q, m.Q, 1e-6*m.Q)
	near(t, "v", other.V, 7.1*m.V, 1e-5*m.V)
}

func ExampleFitGammaGamma() {
	cells := new(btyd.SpendCells)
	for i := range 200 {
		// Customers with one to five repeat purchases of 20 to 79 on average.
		if err := cells.Add(1+i%5, 20+float64(i*37%60), 1); err != nil {
			fmt.Println(err)
			return
		}
	}
	model, estimate, err := btyd.FitGammaGamma(context.Background(), cells, btyd.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	once, err := model.ConditionalMean(0, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	often, err := model.ConditionalMean(5, 79)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("converged %v; a one-time buyer's next purchase is worth about %.0f, a good customer's about %.0f\n", estimate.Converged, once, often)
}
