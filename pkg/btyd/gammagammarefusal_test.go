package btyd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
)

func TestGammaGammaRefusals(t *testing.T) {
	fit := func(fill func(add func(x int, mean, weight float64))) (*btyd.Estimate, error) {
		c := new(btyd.SpendCells)
		fill(func(x int, mean, weight float64) {
			if err := c.Add(x, mean, weight); err != nil {
				t.Fatal(err)
			}
		})
		_, e, err := btyd.FitGammaGamma(t.Context(), c, btyd.Options{})
		return e, err
	}
	for reason, fill := range map[string]func(func(int, float64, float64)){
		btyd.ReasonNoRepeatObserved:   func(add func(int, float64, float64)) { add(0, 0, 1000) },
		btyd.ReasonSpendNotPositive:   func(add func(int, float64, float64)) { add(0, 0, 1000); add(3, 0, 10); add(1, -5, 10) },
		btyd.ReasonTooFewRepeatBuyers: func(add func(int, float64, float64)) { add(1, 10, 4); add(2, 12, 5) },
		btyd.ReasonNoVariation:        func(add func(int, float64, float64)) { add(1, 10, 400); add(2, 10, 500) },
	} {
		if _, err := fit(fill); fault.ReasonOf(err) != reason {
			t.Errorf("%v, want %s", err, reason)
		}
	}

	e, err := fit(func(add func(int, float64, float64)) {
		add(3, 0, 7)
		for i := range 30 {
			add(1+i, 10+8*float64(i), 1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{btyd.ReasonSpendNotPositive, btyd.ReasonSpendCorrelated, btyd.ReasonTooFewRepeatBuyers} {
		if !e.Warned(reason) {
			t.Errorf("no warning %s in %v", reason, e.Warnings)
		}
	}
	if e.Customers != 30 {
		t.Errorf("%g customers", e.Customers)
	}

	// What each customer pays never varies: p has no bound, and the expected spend is
	// the customer's own mean all the same.
	steady := new(btyd.SpendCells)
	for i := range 300 {
		if err := steady.Add(1+i%7, []float64{5, 10, 20}[i%3], 1); err != nil {
			t.Fatal(err)
		}
	}
	m, e, err := btyd.FitGammaGamma(t.Context(), steady, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Converged || !e.Warned(btyd.ReasonParameterAtBoundary) {
		t.Errorf("%+v, %v", m, e.Warnings)
	}
	own, err := m.ConditionalMean(3, 20)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "expected spend", own, 20, 0.01)

	heavy := drawSpend(rand.New(rand.NewPCG(3, 3)), btyd.GammaGamma{P: 2, Q: 0.7, V: 5}, 3000)
	m, e, err = btyd.FitGammaGamma(t.Context(), heavy, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !e.Warned(btyd.ReasonSpendMeanUndefined) {
		t.Errorf("q = %g and no warning", m.Q)
	}
	if _, err := m.PopulationMean(); fault.ReasonOf(err) != btyd.ReasonSpendMeanUndefined {
		t.Errorf("q = %g: %v", m.Q, err)
	}
}

func TestSpendOutOfBounds(t *testing.T) {
	c := new(btyd.SpendCells)
	for field, err := range map[string]error{
		"x":      c.Add(-1, 5, 1),
		"spend":  c.Add(1, math.NaN(), 1),
		"weight": c.Add(1, 5, 0),
	} {
		f, ok := fault.As(err)
		if !ok || f.Violations[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	m := btyd.GammaGamma{P: 1, Q: 2, V: 3}
	if _, err := m.ConditionalMean(2, math.Inf(1)); fault.ReasonOf(err) != "INVALID_FIELD" {
		t.Errorf("infinite spend: %v", err)
	}
	if _, err := m.ConditionalMean(2, -3); fault.ReasonOf(err) != btyd.ReasonSpendNotPositive {
		t.Errorf("negative spend: %v", err)
	}
	if _, err := m.LogLikelihood(0, 3); fault.ReasonOf(err) != "INVALID_FIELD" {
		t.Errorf("no purchase: %v", err)
	}
	if _, err := (btyd.GammaGamma{P: 1, Q: 2}).PopulationMean(); fault.ReasonOf(err) != btyd.ReasonParameterInvalid {
		t.Errorf("no v: %v", err)
	}
}

func FuzzFitGammaGamma(f *testing.F) {
	f.Add(uint64(1), 1.0, 1e15, 0.01)
	f.Add(uint64(2), 5000.0, 1.0, 1.0000001)
	f.Add(uint64(3), 1.0, 1e-300, 5e-324)
	f.Add(uint64(5), 9.0, 1e-15, 1e15)
	f.Add(uint64(4), 3.0, -2.0, 0.0)
	f.Fuzz(func(t *testing.T, seed uint64, scale, a, b float64) {
		if math.IsNaN(scale) || math.IsInf(scale, 0) {
			scale = 1
		}
		rng := rand.New(rand.NewPCG(seed, seed))
		c := new(btyd.SpendCells)
		for range 40 {
			x := rng.IntN(1 + int(math.Abs(math.Mod(scale, 6000))))
			mean := a
			if rng.IntN(2) == 0 {
				mean = b * (1 + rng.Float64())
			}
			if err := c.Add(x, mean, 1); err != nil && fault.ReasonOf(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
		}
		m, e, err := btyd.FitGammaGamma(t.Context(), c, btyd.Options{})
		if err != nil {
			if fault.ReasonOf(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		wantFinite(t, e)
		for _, x := range []int{0, 1, 5000} {
			if v, err := m.ConditionalMean(x, 5); err == nil && (math.IsNaN(v) || math.IsInf(v, 0) || v < 0) {
				t.Fatalf("expected spend %v of %+v", v, m)
			}
		}
	})
}
