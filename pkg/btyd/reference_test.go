package btyd_test

import (
	"context"
	"math"
	"strconv"
	"testing"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/refdata"
)

// fitted are an independent tool's figures of one fit.
type fitted struct {
	Params []float64 `json:"params"`
	LL     float64   `json:"ll"`
	SE     []float64 `json:"se"`
	SELog  []float64 `json:"se_log"`
}

type modelFigures struct {
	N           float64 `json:"n"`
	SumX        float64 `json:"sum_x"`
	ZeroRepeat  float64 `json:"zero_repeat"`
	BG          fitted  `json:"bgnbd"`
	MBG         fitted  `json:"mbgnbd"`
	Pareto      fitted  `json:"pnbd"`
	ExpectedNew struct {
		BG     []float64 `json:"bgnbd_t13_26_52"`
		MBG    []float64 `json:"mbgnbd_t13_26_52"`
		Pareto []float64 `json:"pnbd_t13_26_52"`
	} `json:"expected_per_new_customer"`
	Totals map[string]any `json:"totals"`
	Probe  struct {
		Histories   [][3]float64 `json:"x_tx_T"`
		BGAlive     []float64    `json:"bg_palive"`
		BGExpected  []float64    `json:"bg_cet"`
		MBGAlive    []float64    `json:"mbg_palive"`
		MBGExpected []float64    `json:"mbg_cet"`
		PAlive      []float64    `json:"pnbd_palive"`
		PExpected   []float64    `json:"pnbd_cet"`
		PResidual   []float64    `json:"pnbd_dert"`
	} `json:"probe"`
}

// histories reads columns x, t_x, T and, where there is a fourth, the purchases of
// the hold-out.
func histories(t testing.TB, name string, x, tx, age, hold int) (all []btyd.History, held []int) {
	t.Helper()
	rows := refdata.CSV(t, name)
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, row := range rows[1:] {
		all = append(all, btyd.History{X: int(number(row[x])), Tx: number(row[tx]), T: number(row[age])})
		if hold >= 0 {
			held = append(held, int(number(row[hold])))
		}
	}
	return all, held
}

func counted(t testing.TB, all []btyd.History) *btyd.Cells {
	t.Helper()
	cells := btyd.NewCells()
	for _, h := range all {
		if err := cells.Add(h, 1); err != nil {
			t.Fatal(err)
		}
	}
	return cells
}

// fit fits the model of that name.
func fit(t testing.TB, name string, cells *btyd.Cells, o btyd.Options) (btyd.Model, *btyd.Estimate, error) {
	t.Helper()
	switch name {
	case "bg-nbd":
		return pack(btyd.FitBGNBD(context.Background(), cells, o))
	case "mbg-nbd":
		return pack(btyd.FitMBGNBD(context.Background(), cells, o))
	case "pareto-nbd":
		return pack(btyd.FitParetoNBD(context.Background(), cells, o))
	}
	t.Fatalf("no model %q", name)
	return nil, nil, nil
}

func pack[M btyd.Model](m M, e *btyd.Estimate, err error) (btyd.Model, *btyd.Estimate, error) {
	return m, e, err
}

var modelNames = []string{"bg-nbd", "mbg-nbd", "pareto-nbd"}

func relative(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %.12g, want %.12g within %g: off by %.2g", what, got, want, tolerance, got/want-1)
	}
}

// checkFit compares a fit with the reference at the tolerances of the test data.
func checkFit(t *testing.T, name string, e *btyd.Estimate, want fitted) {
	t.Helper()
	if !e.Converged || e.Gradient >= 1e-6 || len(e.Warnings) > 0 {
		t.Errorf("%s: converged %v, gradient %g, warnings %v", name, e.Converged, e.Gradient, e.Warnings)
	}
	if math.Abs(e.LogLikelihood-want.LL) > 1e-3 {
		t.Errorf("%s: log-likelihood %.9f, want %.9f", name, e.LogLikelihood, want.LL)
	}
	for i, p := range e.Parameters {
		tolerance := 1e-3
		if p.Name == "s" || p.Name == "beta" {
			tolerance = 3e-3
		}
		relative(t, name+" "+p.Name, p.Value, want.Params[i], tolerance)
		relative(t, name+" standard error of "+p.Name, p.StandardError, want.SE[i], 0.02)
		relative(t, name+" log standard error of "+p.Name, math.Sqrt(e.Covariance[i][i]), want.SELog[i], 0.02)
		if !(p.Lower < p.Value && p.Value < p.Upper) || p.Method != btyd.MethodDelta {
			t.Errorf("%s %s: interval %g to %g by %s", name, p.Name, p.Lower, p.Upper, p.Method)
		}
	}
}

func TestFitReference(t *testing.T) {
	var want modelFigures
	refdata.JSON(t, "reference/cdnow_models.json", &want)
	all, _ := histories(t, "data/cdnow_customers_summary.csv", 1, 2, 3, -1)
	cells := counted(t, all)
	if cells.Customers() != want.N {
		t.Errorf("%v customers, want %v", cells.Customers(), want.N)
	}
	for name, figures := range map[string]fitted{"bg-nbd": want.BG, "mbg-nbd": want.MBG, "pareto-nbd": want.Pareto} {
		m, e, err := fit(t, name, cells, btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		checkFit(t, name, e, figures)
		t.Logf("%s: %d iterations, gradient %.1e, log-likelihood off by %.1e", name, e.Iterations, e.Gradient, e.LogLikelihood-figures.LL)
		p, err := btyd.NewPredictor(m)
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for _, h := range all {
			v, err := p.LogLikelihood(h)
			if err != nil {
				t.Fatal(err)
			}
			total += v
		}
		relative(t, name+" sum of log-likelihoods", total, e.LogLikelihood, 1e-12)
	}
}

// figure unwraps a prediction of a test.
func figure(t testing.TB) func(float64, error) float64 {
	return func(v float64, err error) float64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestPredictionReference(t *testing.T) {
	var want modelFigures
	refdata.JSON(t, "reference/cdnow_models.json", &want)
	all, _ := histories(t, "data/cdnow_customers_summary.csv", 1, 2, 3, -1)
	cells := counted(t, all)
	rate, err := btyd.ContinuousDiscount(0.15, 52)
	if err != nil {
		t.Fatal(err)
	}
	total := func(name string) float64 {
		v, ok := want.Totals[name].(float64)
		if !ok {
			t.Fatalf("no total %q", name)
		}
		return v
	}
	relative(t, "rate per week", rate.Rate, total("dert_rate_per_week"), 1e-12)
	for _, c := range []struct {
		name, short                string
		alive, expected, newcomers []float64
	}{
		{"bg-nbd", "bg", want.Probe.BGAlive, want.Probe.BGExpected, want.ExpectedNew.BG},
		{"mbg-nbd", "mbg", want.Probe.MBGAlive, want.Probe.MBGExpected, want.ExpectedNew.MBG},
		{"pareto-nbd", "pnbd", want.Probe.PAlive, want.Probe.PExpected, want.ExpectedNew.Pareto},
	} {
		must := figure(t)
		m, _, err := fit(t, c.name, cells, btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := btyd.NewPredictor(m)
		if err != nil {
			t.Fatal(err)
		}
		for i, horizon := range []float64{13, 26, 52} {
			relative(t, c.name+" E[X(t)]", must(p.ExpectedNew(horizon)), c.newcomers[i], 2e-3)
		}
		for i, probe := range want.Probe.Histories {
			h := btyd.History{X: int(probe[0]), Tx: probe[1], T: probe[2]}
			relative(t, c.name+" P(alive)", must(p.Alive(h)), c.alive[i], 2e-3)
			relative(t, c.name+" E[Y(52)]", must(p.Expected(h, 52)), c.expected[i], 2e-3)
			if c.short == "pnbd" {
				relative(t, "residual transactions", must(p.Residual(h, rate)), want.Probe.PResidual[i], 2e-3)
			}
		}
		alive, expected, residual := 0.0, 0.0, 0.0
		for _, h := range all {
			alive += must(p.Alive(h))
			expected += must(p.Expected(h, total("horizon")))
			if c.short == "pnbd" {
				residual += must(p.Residual(h, rate))
			}
		}
		relative(t, c.name+" total alive", alive, total(c.short+"_palive"), 2e-3)
		relative(t, c.name+" total expected", expected, total(c.short+"_cet"), 2e-3)
		if c.short == "pnbd" {
			relative(t, "total residual transactions", residual, total("pnbd_dert"), 2e-3)
		}
	}
}

// TestEdges compares with 60-digit arithmetic at given parameters.
func TestEdges(t *testing.T) {
	var want struct {
		Params struct {
			Pareto [4]float64 `json:"pnbd"`
			BG     [4]float64 `json:"bgnbd"`
		}
		// T and t differ in case alone, which encoding/json does not tell apart in a struct.
		Cases []map[string]float64
	}
	refdata.JSON(t, "reference/edge_numeric.json", &want)
	v := want.Params.Pareto
	pareto, err := btyd.NewPredictor(btyd.ParetoNBD{R: v[0], Alpha: v[1], S: v[2], Beta: v[3]})
	if err != nil {
		t.Fatal(err)
	}
	v = want.Params.BG
	bg, err := btyd.NewPredictor(btyd.BGNBD{R: v[0], Alpha: v[1], A: v[2], B: v[3]})
	if err != nil {
		t.Fatal(err)
	}
	rate, err := btyd.ContinuousDiscount(0.15, 52)
	if err != nil {
		t.Fatal(err)
	}
	must := figure(t)
	for _, c := range want.Cases {
		h, horizon := btyd.History{X: int(c["x"]), Tx: c["t_x"], T: c["T"]}, c["t"]
		for name, got := range map[string]float64{
			"pnbd_ll": must(pareto.LogLikelihood(h)), "pnbd_palive": must(pareto.Alive(h)),
			"pnbd_cet": must(pareto.Expected(h, horizon)), "pnbd_dert": must(pareto.Residual(h, rate)),
			"bg_ll": must(bg.LogLikelihood(h)), "bg_palive": must(bg.Alive(h)), "bg_cet": must(bg.Expected(h, horizon)),
		} {
			relative(t, name, got, c[name], 1e-9)
		}
	}
}

func TestHoldoutReference(t *testing.T) {
	type figures struct {
		Fit      fitted  `json:"fit"`
		Total    float64 `json:"pred_total"`
		MAE      float64 `json:"mae"`
		RMSE     float64 `json:"rmse"`
		Spearman float64 `json:"spearman"`
	}
	var want struct {
		Actual    float64 `json:"actual_total"`
		Weeks     float64 `json:"weeks"`
		N         float64 `json:"n"`
		BG        figures `json:"bgnbd"`
		MBG       figures `json:"mbgnbd"`
		Pareto    figures `json:"pnbd"`
		TopDecile float64 `json:"bg_top_decile_share_of_holdout"`
	}
	refdata.JSON(t, "reference/cdnow_holdout.json", &want)
	all, held := histories(t, "data/cdnow_calhold.csv", 1, 2, 3, 4)
	cells := counted(t, all)
	for name, w := range map[string]figures{"bg-nbd": want.BG, "mbg-nbd": want.MBG, "pareto-nbd": want.Pareto} {
		m, e, err := fit(t, name, cells, btyd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		checkFit(t, name, e, w.Fit)
		p, err := btyd.NewPredictor(m)
		if err != nil {
			t.Fatal(err)
		}
		holdout, err := btyd.NewHoldout(p, want.Weeks)
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range all {
			if err := holdout.Add(h, held[i], 1); err != nil {
				t.Fatal(err)
			}
		}
		c, err := holdout.Calibration()
		if err != nil {
			t.Fatal(err)
		}
		if c.Customers != want.N || c.Actual != want.Actual || !c.Ranked {
			t.Errorf("%s: %v customers and %v purchases, want %v and %v", name, c.Customers, c.Actual, want.N, want.Actual)
		}
		relative(t, name+" expected", c.Expected, w.Total, 2e-3)
		relative(t, name+" MAE", c.MAE, w.MAE, 2e-3)
		relative(t, name+" RMSE", c.RMSE, w.RMSE, 2e-3)
		relative(t, name+" rank correlation", c.Spearman, w.Spearman, 2e-3)
		if name == "bg-nbd" {
			relative(t, name+" share of the top decile", c.TopDecileShare, want.TopDecile, 2e-3)
		}
		actual, expected := 0.0, 0.0
		for i, class := range c.ByFrequency {
			if class.X != i {
				t.Errorf("class %d is of %d repeat purchases", i, class.X)
			}
			actual, expected = actual+class.Actual, expected+class.Expected
		}
		if len(c.ByFrequency) != 8 || actual != c.Actual {
			t.Errorf("%s: %d classes with %v purchases", name, len(c.ByFrequency), actual)
		}
		relative(t, name+" expected by class", expected, c.Expected, 1e-12)
	}
}
