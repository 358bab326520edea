package btyd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kehuhq/kehu/pkg/btyd"
)

// Figures of mpmath at 30 digits and more, where the laws are narrow.
func TestExactlyOfBusyCustomers(t *testing.T) {
	for _, c := range []struct {
		model   btyd.ParetoNBD
		h       btyd.History
		horizon float64
		n       int
		want    float64
	}{
		{btyd.ParetoNBD{R: 0.40733842527621145, Alpha: 325.1475277177782, S: 353.538928000318, Beta: 1498.916387665345}, btyd.History{X: 5000, Tx: 1e-6, T: 0.001}, 1e6, 1, 0.0148750326930388},
		{btyd.ParetoNBD{R: 0.00038988735676606624, Alpha: 1.509474314337961, S: 10.22702891777932, Beta: 0.16871765979412173}, btyd.History{X: 5000, Tx: 29.999969999999998, T: 30}, 1000, 2, 0.00212175047300469},
	} {
		p, err := btyd.NewPredictor(c.model)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Exactly(c.h, c.horizon, c.n)
		if err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("P(%d) is %.15g (%v), want %.15g", c.n, got, err, c.want)
		}
	}
}

// The probabilities of all numbers add up to 1 also where customers buy often.
func TestExactlyAddsUp(t *testing.T) {
	p, err := btyd.NewPredictor(btyd.ParetoNBD{R: 0.5, Alpha: 4, S: 0.6, Beta: 8})
	if err != nil {
		t.Fatal(err)
	}
	total, h := 0.0, btyd.History{X: 400, Tx: 39, T: 40}
	for n := range 400 {
		v, err := p.Exactly(h, 10, n)
		if err != nil {
			t.Fatal(err)
		}
		total += v
	}
	if math.Abs(total-1) > 1e-10 {
		t.Errorf("probabilities add up to %.15g", total)
	}
}

func TestLifetimeAtSmallDiscounts(t *testing.T) {
	m := btyd.SBG{Alpha: 0.0017571613652896546, Beta: 0.0021286884496416365}
	got, err := m.DiscountedLifetime(1e-6)
	if want := 534673.679839573622; err != nil || math.Abs(got/want-1) > 1e-11 {
		t.Errorf("DEL is %.15g (%v), want %.15g", got, err, want)
	}
}

// Where retention falls, no finite parameters are best, and that is said.
func TestSBGWithoutRisingRetention(t *testing.T) {
	for _, survivors := range [][]int64{{100, 99, 98, 97, 96}, {1000, 869, 743}, {1000, 500, 250, 125}} {
		_, e, err := btyd.FitSBG(t.Context(), survivors, btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if e.Converged || !e.Warned(btyd.ReasonParameterAtBoundary) {
			t.Errorf("%v: converged %v, warnings %v", survivors, e.Converged, e.Warnings)
		}
	}
}

// One absurd customer makes the log-likelihood so large that its gradient drowns in
// rounding: that is said, and no interval is told of what is no maximum.
func TestNoIntervalsWithoutConvergence(t *testing.T) {
	p, err := btyd.NewPredictor(btyd.ParetoNBD{R: 0.55, Alpha: 10.6, S: 0.61, Beta: 11.7})
	if err != nil {
		t.Fatal(err)
	}
	cells, rng := btyd.NewCells(), rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		h, _, err := p.Simulate(rng, float64(27+i%13), 0)
		if err == nil {
			err = cells.Add(h, 1)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := cells.Add(btyd.History{X: 1e8, Tx: 38, T: 38.86}, 1); err != nil {
		t.Fatal(err)
	}
	_, e, err := btyd.FitParetoNBD(t.Context(), cells, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Converged || !e.Warned(btyd.ReasonNotConverged) {
		t.Fatalf("the gradient is %.3g: the case is no case any more", e.Gradient)
	}
	for _, p := range e.Parameters {
		if !p.LowerOpen || !p.UpperOpen || p.StandardError != 0 {
			t.Errorf("%s has an interval: %+v", p.Name, p)
		}
	}
}
