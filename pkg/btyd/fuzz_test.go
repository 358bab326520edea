package btyd_test

import (
	"context"
	"math"
	"testing"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
)

// sound fails where a figure is no number or an error is none for callers.
func sound(t *testing.T, what string, v float64, err error) {
	t.Helper()
	if math.IsNaN(v) || math.IsInf(v, 0) {
		t.Errorf("%s is %v", what, v)
	}
	if _, typed := fault.As(err); err != nil && !typed {
		t.Errorf("%s: %v is no fault", what, err)
	}
}

// FuzzPredict: whatever the parameters, the history and the question, the answer is a
// number or a fault.
func FuzzPredict(f *testing.F) {
	f.Add(uint8(0), 0.24, 4.4, 0.79, 2.4, 2, 30.43, 38.86, 39.0, 0.0027, 3)
	f.Add(uint8(1), 0.52, 6.2, 0.89, 1.6, 0, 0.0, 38.86, 39.0, 0.0027, 0)
	f.Add(uint8(2), 0.55, 10.6, 0.61, 11.7, 26, 30.86, 31.0, 52.0, 0.0027, 26)
	f.Add(uint8(2), 0.55, 10.6, 0.61, 11.7, 5000, 1.0, 400.0, 52.0, 1.0, 900)
	f.Add(uint8(0), 1e-12, 1e15, 1e-12, 1e15, 1, 1e-300, 1e12, 1e12, 1e-9, 1)
	f.Add(uint8(1), 1e15, 1e-12, 1e15, 1e-12, 1000000000, 1e12, 1e12, 1e-300, 1000.0, 1000)
	f.Add(uint8(2), 1e15, 1e-12, 1e15, 1e-12, 1000000000, 1e-9, 1e12, 1e12, 1000.0, 1000)
	f.Add(uint8(2), 1e-12, 1e-12, 1e-12, 1e15, 0, 0.0, 0.0, 0.0, 1e-9, 0)
	f.Add(uint8(2), math.NaN(), math.Inf(1), -1.0, 0.0, -1, math.NaN(), math.Inf(1), math.NaN(), math.NaN(), -1)
	f.Fuzz(func(t *testing.T, kind uint8, a, b, c, d float64, x int, tx, age, horizon, rate float64, n int) {
		models := []btyd.Model{
			btyd.BGNBD{R: a, Alpha: b, A: c, B: d}, btyd.MBGNBD{R: a, Alpha: b, A: c, B: d}, btyd.ParetoNBD{R: a, Alpha: b, S: c, Beta: d},
		}
		p, err := btyd.NewPredictor(models[int(kind)%len(models)])
		if err != nil {
			sound(t, "model", 0, err)
			return
		}
		h := btyd.History{X: x, Tx: tx, T: age}
		check := func(what string) func(float64, error) {
			return func(v float64, err error) { t.Helper(); sound(t, what, v, err) }
		}
		check("log-likelihood")(p.LogLikelihood(h))
		check("P(alive)")(p.Alive(h))
		check("expected")(p.Expected(h, horizon))
		check("exactly")(p.Exactly(h, horizon, n%2000))
		check("churn")(p.Churn(h, horizon))
		check("new")(p.ExpectedNew(horizon))
		check("exactly, new")(p.ExactlyNew(horizon, n%2000))
		for _, compounding := range []btyd.Compounding{btyd.CompoundingContinuous, btyd.CompoundingPerPeriod} {
			check("residual")(p.Residual(h, btyd.Discount{Rate: rate, Compounding: compounding}))
			check("residual, new")(p.ResidualNew(btyd.Discount{Rate: rate, Compounding: compounding}))
		}
	})
}

// FuzzFit: whatever a handful of histories, repeated, a fit ends in sound figures or a fault.
func FuzzFit(f *testing.F) {
	f.Add(0, 0.0, 30.0, 1, 5.0, 30.0, 3, 20.0, 40.0, 40.0)
	f.Add(5000, 30.0, 30.0, 5000, 29.0, 30.0, 1, 20.0, 20.0, 7.0)
	f.Add(1, 30.0, 30.0, 2, 30.0, 30.0, 3, 30.0, 30.0, 30.0)
	f.Add(1, 1e-9, 1e12, 1, 1e-9, 1e-9, 0, 0.0, 0.0, 1e6)
	f.Add(1000000000, 1e12, 1e12, 1, 1e-9, 1e-9, 0, 0.0, 0.0, 1e11)
	f.Fuzz(func(t *testing.T, x1 int, tx1, t1 float64, x2 int, tx2, t2 float64, x3 int, tx3, t3, weight float64) {
		cells := btyd.NewCells()
		for _, h := range []btyd.History{{X: x1, Tx: tx1, T: t1}, {X: x2, Tx: tx2, T: t2}, {X: x3, Tx: tx3, T: t3}} {
			if err := cells.Add(h, weight); err != nil {
				sound(t, "history", 0, err)
			}
		}
		for _, name := range modelNames {
			m, e, err := fit(t, name, cells, btyd.Options{})
			if err != nil {
				sound(t, name, 0, err)
				continue
			}
			soundEstimate(t, name, m, e)
		}
	})
}

// soundEstimate checks that an estimate holds numbers only, and says what is wrong
// where it has not converged.
func soundEstimate(t *testing.T, name string, m btyd.Model, e *btyd.Estimate) {
	t.Helper()
	sound(t, name+" log-likelihood", e.LogLikelihood, nil)
	sound(t, name+" gradient", e.Gradient, nil)
	for _, p := range e.Parameters {
		for _, v := range []float64{p.Value, p.StandardError, p.Lower, p.Upper} {
			sound(t, name+" "+p.Name, v, nil)
		}
		if !(p.Lower <= p.Value && p.Value <= p.Upper) {
			t.Errorf("%s %s: %v is not within %v to %v", name, p.Name, p.Value, p.Lower, p.Upper)
		}
	}
	for _, row := range e.Covariance {
		for _, v := range row {
			sound(t, name+" covariance", v, nil)
		}
	}
	if !e.Converged && len(e.Warnings) == 0 {
		t.Errorf("%s has not converged and does not say why", name)
	}
	p, err := btyd.NewPredictor(m)
	if err != nil {
		sound(t, name, 0, err)
		return
	}
	v, err := p.Expected(btyd.History{X: 2, Tx: 3, T: 9}, 52)
	sound(t, name+" expectation", v, err)
}

// TestDegenerate: data that cannot support a model are refused or warned of.
func TestDegenerate(t *testing.T) {
	many := func(n float64, histories ...btyd.History) *btyd.Cells {
		cells := btyd.NewCells()
		for _, h := range histories {
			if err := cells.Add(h, n); err != nil {
				t.Fatal(err)
			}
		}
		return cells
	}
	for name, c := range map[string]struct {
		cells  *btyd.Cells
		reason string // of a refusal; empty where a warning has to come
	}{
		"nobody":                {btyd.NewCells(), btyd.ReasonTooFewCustomers},
		"one customer":          {many(1, btyd.History{X: 3, Tx: 10, T: 20}), btyd.ReasonTooFewCustomers},
		"one-time buyers":       {many(100, btyd.History{T: 20}, btyd.History{T: 30}), btyd.ReasonNoRepeatObserved},
		"all of this moment":    {many(100, btyd.History{}), btyd.ReasonNoRepeatObserved},
		"a few repeat buyers":   {many(3, btyd.History{X: 1, Tx: 5, T: 20}, btyd.History{T: 20}, btyd.History{T: 30}, btyd.History{T: 40}), btyd.ReasonTooFewRepeatBuyers},
		"all the same":          {many(100, btyd.History{X: 2, Tx: 10, T: 20}), btyd.ReasonNoVariation},
		"all bought on the end": {many(100, btyd.History{X: 2, Tx: 20, T: 20}, btyd.History{X: 4, Tx: 30, T: 30}, btyd.History{X: 3, Tx: 25, T: 25}), ""},
		"all very often":        {many(20, btyd.History{X: 5000, Tx: 30, T: 31}, btyd.History{X: 4900, Tx: 20, T: 31}), ""},
		"two histories":         {many(50, btyd.History{X: 1, Tx: 1, T: 50}, btyd.History{T: 50}), ""},
		"some of this moment":   {many(30, btyd.History{X: 1, Tx: 1, T: 50}, btyd.History{}, btyd.History{X: 6, Tx: 44, T: 50}), ""},
	} {
		for _, model := range modelNames {
			m, e, err := fit(t, model, c.cells, btyd.Options{})
			if c.reason != "" {
				if fault.ReasonOf(err) != c.reason || fault.KindOf(err) != fault.FailedPrecondition {
					t.Errorf("%s, %s: %v, want %s", name, model, err, c.reason)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", name, model, err)
				continue
			}
			soundEstimate(t, name+", "+model, m, e)
			t.Logf("%s, %s: %v converged %v %v", name, model, e.Values(), e.Converged, e.Warnings)
		}
	}
}

func TestBadInput(t *testing.T) {
	cells := btyd.NewCells()
	for _, c := range []struct {
		h      btyd.History
		weight float64
		field  string
	}{
		{btyd.History{X: -1, T: 5}, 1, "x"},
		{btyd.History{X: 2_000_000_000, Tx: 1, T: 5}, 1, "x"},
		{btyd.History{X: 1, Tx: 6, T: 5}, 1, "t_x"},
		{btyd.History{X: 0, Tx: 1, T: 5}, 1, "t_x"},
		{btyd.History{X: 1, Tx: 0, T: 5}, 1, "t_x"},
		{btyd.History{X: 1, Tx: math.NaN(), T: 5}, 1, "t_x"},
		{btyd.History{X: 1, Tx: -1, T: 5}, 1, "t_x"},
		{btyd.History{T: math.NaN()}, 1, "T"},
		{btyd.History{T: math.Inf(1)}, 1, "T"},
		{btyd.History{T: -1}, 1, "T"},
		{btyd.History{T: 1e-300}, 1, "T"},
		{btyd.History{T: 5}, 0, "weight"},
		{btyd.History{T: 5}, -1, "weight"},
		{btyd.History{T: 5}, math.NaN(), "weight"},
	} {
		f, ok := fault.As(cells.Add(c.h, c.weight))
		if !ok || len(f.Violations) != 1 || f.Violations[0].Field != c.field {
			t.Errorf("%+v, %v: %v, want a fault of %s", c.h, c.weight, f, c.field)
		}
	}
	if cells.Len() != 0 {
		t.Errorf("%d cells were kept of refused histories", cells.Len())
	}
	if _, _, err := btyd.FitBGNBD(context.Background(), cells, btyd.Options{Level: 95}); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("a level of 95 gives %v", err)
	}
	if _, err := btyd.NewPredictor(btyd.BGNBD{}); fault.ReasonOf(err) != btyd.ReasonParameterInvalid {
		t.Errorf("a model without parameters gives %v", err)
	}
	p := predictor(t, truths[0])
	if _, err := p.Churn(btyd.History{T: 3}, 10); fault.ReasonOf(err) != btyd.ReasonNoRepeatObserved {
		t.Errorf("BG/NBD's churn risk gives %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := btyd.FitBGNBD(ctx, counted(t, shop(t, truths[0], 300, 1, 30)), btyd.Options{}); err == nil {
		t.Error("a fit goes on after it was cancelled")
	}
}
