package btyd_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/refdata"
)

type sbgReference struct {
	HighEnd struct {
		Params    []float64          `json:"params"`
		LL        float64            `json:"ll"`
		SE        []float64          `json:"se"`
		Survivors []int64            `json:"survivors"`
		S         []float64          `json:"S_0_12"`
		Retention []float64          `json:"retention_r1_r12"`
		DEL       float64            `json:"DEL_new"`
		DERL      map[string]float64 `json:"DERL_after_n_1_renewals"`
		D         float64            `json:"d"`
	} `json:"high_end"`
}

func TestSBGReference(t *testing.T) {
	var r sbgReference
	refdata.JSON(t, "reference/sbg.json", &r)
	want := r.HighEnd
	m, e, err := btyd.FitSBG(t.Context(), want.Survivors, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !e.Converged || e.Gradient > 1e-6 || len(e.Warnings) > 0 || e.Customers != 1000 {
		t.Errorf("converged %v, gradient %g, %v, %g customers", e.Converged, e.Gradient, e.Warnings, e.Customers)
	}
	near(t, "log-likelihood", e.LogLikelihood, want.LL, 1e-3)
	for i, p := range e.Parameters {
		near(t, p.Name, p.Value, want.Params[i], 1e-3*want.Params[i])
		near(t, "standard error of "+p.Name, p.StandardError, want.SE[i], 0.02*want.SE[i])
		if p.Lower >= p.Value || p.Upper <= p.Value {
			t.Errorf("%s: interval %g to %g", p.Name, p.Lower, p.Upper)
		}
	}
	survival, err := m.Survival(12)
	if err != nil {
		t.Fatal(err)
	}
	retention, err := m.Retention(12)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range want.S {
		near(t, fmt.Sprintf("S(%d)", i), survival[i], s, 2e-3*s)
	}
	for i, s := range want.Retention {
		near(t, fmt.Sprintf("r(%d)", i+1), retention[i], s, 2e-3*s)
	}
	// With the reference's own parameters, to the last digits.
	exact := btyd.SBG{Alpha: want.Params[0], Beta: want.Params[1]}
	del, err := exact.DiscountedLifetime(want.D)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "DEL", del, want.DEL, 1e-9)
	for n := 1; n <= 5; n++ {
		derl, err := exact.DiscountedResidualLifetime(n-1, want.D)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("DERL(%d)", n), derl, want.DERL[fmt.Sprint(n)], 1e-9)
	}
}

// The published hold-out is met within a percent or two of the cohort.
func TestSBGProjectsTheHoldout(t *testing.T) {
	m, _, err := btyd.FitSBG(t.Context(), []int64{1000, 869, 743, 653, 593, 551, 517, 491}, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Survival(12)
	if err != nil {
		t.Fatal(err)
	}
	for i, left := range []float64{468, 445, 427, 409, 394} {
		near(t, fmt.Sprintf("period %d", 8+i), 1000*s[8+i], left, 20)
	}
}

func drawSBG(t *rapid.T) btyd.SBG {
	return btyd.SBG{
		Alpha: math.Exp(rapid.Float64Range(-4, 5).Draw(t, "log alpha")),
		Beta:  math.Exp(rapid.Float64Range(-4, 5).Draw(t, "log beta")),
	}
}

func TestSBGLifetimeIsTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawSBG(t)
		d := math.Exp(rapid.Float64Range(-6, 3).Draw(t, "log d"))
		renewals := rapid.IntRange(0, 40).Draw(t, "renewals")
		n := int(math.Min(100_000, 40/math.Log1p(d)+2)) + renewals
		s, err := m.Survival(n)
		if err != nil {
			t.Fatal(err)
		}
		var del, derl float64
		for i := n; i >= 0; i-- {
			del += s[i] * math.Pow(1+d, -float64(i))
			if i > renewals {
				derl += s[i] / s[renewals] * math.Pow(1+d, -float64(i-renewals-1))
			}
		}
		got, err := m.DiscountedLifetime(d)
		if err != nil || math.Abs(got-del) > 1e-9*del {
			t.Fatalf("DEL %v, the sum %v, %v", got, del, err)
		}
		got, err = m.DiscountedResidualLifetime(renewals, d)
		if err != nil || math.Abs(got-derl) > 1e-9*derl {
			t.Fatalf("DERL %v, the sum %v, %v", got, derl, err)
		}
	})
}

func TestSBGWithoutDiscount(t *testing.T) {
	m := btyd.SBG{Alpha: 2.5, Beta: 4}
	near := func(name string, got float64, err error, want float64) {
		if err != nil || math.Abs(got-want) > 1e-4*want {
			t.Errorf("%s is %v, want %v (%v)", name, got, want, err)
		}
	}
	at0, err := m.DiscountedLifetime(0)
	near("DEL", at0, err, 5.5/1.5)
	small, err := m.DiscountedLifetime(1e-9)
	near("DEL of hardly any discount", small, err, at0)
	derl, err := m.DiscountedResidualLifetime(3, 0)
	near("DERL", derl, err, 7/1.5)
	if _, err := (btyd.SBG{Alpha: 1, Beta: 4}).DiscountedLifetime(0); fault.ReasonOf(err) != btyd.ReasonOutsideModel {
		t.Errorf("an infinite lifetime: %v", err)
	}
}

func TestSBGRefusals(t *testing.T) {
	for reason, survivors := range map[string][]int64{
		btyd.ReasonTooFewPeriods:     {100, 80},
		btyd.ReasonSurvivorsIncrease: {100, 80, 81},
		btyd.ReasonNobodyLost:        {100, 100, 100},
		btyd.ReasonEverybodyLost:     {100, 20, 0},
		"INVALID_FIELD":              {100, 20, -1},
	} {
		if _, _, err := btyd.FitSBG(t.Context(), survivors, btyd.Options{}); fault.ReasonOf(err) != reason {
			t.Errorf("%v: %v, want %s", survivors, err, reason)
		}
	}
	if _, _, err := btyd.FitSBG(t.Context(), nil, btyd.Options{}); fault.ReasonOf(err) != btyd.ReasonTooFewPeriods {
		t.Errorf("nothing: %v", err)
	}
	for _, m := range []btyd.SBG{{}, {Alpha: 1}, {Alpha: math.NaN(), Beta: 1}, {Alpha: 1, Beta: math.Inf(1)}} {
		if _, err := m.Survival(3); fault.ReasonOf(err) != btyd.ReasonParameterInvalid {
			t.Errorf("%v: %v", m, err)
		}
	}
	for _, d := range []float64{-0.1, math.NaN(), math.Inf(1)} {
		if _, err := (btyd.SBG{Alpha: 2, Beta: 2}).DiscountedLifetime(d); fault.ReasonOf(err) != "INVALID_FIELD" {
			t.Errorf("discount rate %v: %v", d, err)
		}
	}
}

// Retention that falls has no sBG model: all leave with the same probability.
func TestSBGAtTheBoundary(t *testing.T) {
	_, e, err := btyd.FitSBG(t.Context(), []int64{1000, 950, 800, 500}, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Converged || !e.Warned(btyd.ReasonParameterAtBoundary) {
		t.Errorf("converged %v, %v", e.Converged, e.Warnings)
	}
}

// Intervals of 95 % hold the true parameters in about 95 of 100 samples: of 200,
// between 180 and 199 with a probability of 0.997.
func TestSBGIntervalsCover(t *testing.T) {
	truth := btyd.SBG{Alpha: 0.67, Beta: 3.8}
	s, err := truth.Survival(8)
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]int{}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 20261123))
		counts := make([]int64, len(s))
		for range 3000 {
			u := rng.Float64()
			for t := range s {
				if u < s[t] {
					counts[t]++
				}
			}
		}
		_, e, err := btyd.FitSBG(t.Context(), counts, btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		count(covered, e, map[string]float64{"alpha": truth.Alpha, "beta": truth.Beta})
	}
	for name, n := range covered {
		if n < 180 || n > 199 {
			t.Errorf("%s lies in %d of 200 intervals", name, n)
		}
	}
	t.Logf("covered %v", covered)
}

func count(covered map[string]int, e *btyd.Estimate, truth map[string]float64) {
	for name, value := range truth {
		p, ok := e.Parameter(name)
		covered[name] += 0
		if ok && p.Lower <= value && value <= p.Upper {
			covered[name]++
		}
	}
}

func FuzzFitSBG(f *testing.F) {
	f.Add(int64(1000), int64(869), int64(743), int64(653))
	f.Add(int64(10), int64(10), int64(9), int64(9))
	f.Add(int64(1)<<50, int64(1), int64(1), int64(1))
	f.Add(int64(3), int64(2), int64(1), int64(1))
	f.Add(int64(100), int64(99), int64(50), int64(1))
	f.Add(int64(-1), int64(0), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, a, b, c, d int64) {
		m, e, err := btyd.FitSBG(t.Context(), []int64{a, b, c, d}, btyd.Options{})
		if err != nil {
			if fault.ReasonOf(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		wantFinite(t, e)
		if s, err := m.Survival(20); err != nil || s[20] < 0 || s[20] > 1 {
			t.Fatalf("survival %v, %v", s, err)
		}
		if del, err := m.DiscountedLifetime(0.1); err != nil || del < 1 || del > 11.0001 {
			t.Fatalf("lifetime %v, %v of %+v", del, err, m)
		}
	})
}

func ExampleFitSBG() {
	// Customers left of a cohort of 1,000 after each yearly renewal.
	model, estimate, err := btyd.FitSBG(context.Background(), []int64{1000, 869, 743, 653, 593, 551, 517, 491}, btyd.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	lifetime, err := model.DiscountedLifetime(0.1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("alpha %.3f beta %.3f converged %v\n", model.Alpha, model.Beta, estimate.Converged)
	fmt.Printf("a new customer stays for %.2f years, discounted at 10 %%\n", lifetime)
	// Output:
	// alpha 0.668 beta 3.806 converged true
	// a new customer stays for 5.92 years, discounted at 10 %
}
