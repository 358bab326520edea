package value

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/refdata"
)

// reference are figures computed by an independent tool.
type reference struct {
	Pareto struct{ Params []float64 } `json:"pnbd"`
	GG     struct{ Params []float64 } `json:"gg"`
	Totals struct {
		Alive     float64 `json:"pnbd_palive"`
		Purchases float64 `json:"pnbd_cet"`
		Residual  float64 `json:"pnbd_dert"`
		Rate      float64 `json:"dert_rate_per_week"`
	} `json:"totals"`
	CLV float64 `json:"residual_clv_sum_pnbd"`
}

func readReference(t *testing.T) reference {
	t.Helper()
	var r reference
	refdata.JSON(t, "reference/cdnow_models.json", &r)
	return r
}

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.12g, want %.12g ± %.2g", name, got, want, tolerance)
	}
}

// fittedFile fits models to a summary and reads what is printed of them.
func fittedFile(t *testing.T, path string, models ...string) *File {
	t.Helper()
	s, err := OpenSummary(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	sample, err := FromSummary(s, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := &File{Version: Version, Source: filepath.Base(path), Unit: "week", Population: &sample.Population, Rows: &s.Rows}
	if f.Models, err = Fit(t.Context(), sample, models, btyd.Options{}); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadFile(written(t, string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func predicted(t *testing.T, f *File, terms Terms, path, format string) string {
	t.Helper()
	p, err := NewPredictor(f, terms)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenSummary(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var out bytes.Buffer
	if err := p.Predict(s, &out, format, 100); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

type printed struct {
	Setup
	Rows   []Prediction
	Totals Totals
	File   Rows
}

func TestPredictionsOfCDNOW(t *testing.T) {
	r := readReference(t)
	path := refdata.Path(t, "data/cdnow_customers_summary_with_transactions.csv")
	f := fittedFile(t, path, ParetoNBD, GammaGamma)
	var got printed
	if err := json.Unmarshal([]byte(predicted(t, f, Terms{Horizon: 52, DiscountRate: 0.15}, path, "json")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 2357 || got.Totals.Customers != 2357 || got.File.Refused != 0 || !got.Converged || got.MarginKnown {
		t.Fatalf("%d rows, %+v", len(got.Rows), got.Setup)
	}
	near(t, "rate per week", got.Discount.PerPeriod, r.Totals.Rate, 1e-12)
	near(t, "alive", got.Totals.Alive, r.Totals.Alive, 2e-3*r.Totals.Alive)
	near(t, "purchases", got.Totals.Purchases, r.Totals.Purchases, 2e-3*r.Totals.Purchases)
	near(t, "residual transactions", got.Totals.ResidualTransactions, r.Totals.Residual, 2e-3*r.Totals.Residual)
	near(t, "residual CLV", got.Totals.ResidualCLV, r.CLV, 2e-3*r.CLV)

	// With the reference's own parameters.
	exact := &File{Unit: "week", Models: []Model{
		{Model: ParetoNBD, Converged: true, Params: params(ParetoNBD, r.Pareto.Params)},
		{Model: GammaGamma, Converged: true, Params: params(GammaGamma, r.GG.Params)},
	}}
	half := 0.5
	if err := json.Unmarshal([]byte(predicted(t, exact, Terms{Horizon: 52, DiscountRate: 0.15, Margin: &half}, path, "json")), &got); err != nil {
		t.Fatal(err)
	}
	near(t, "residual CLV at half the margin", got.Totals.ResidualCLV, r.CLV/2, 1e-6*r.CLV)
	if !got.MarginKnown || got.Margin != 0.5 {
		t.Errorf("margin %v, stated %v", got.Margin, got.MarginKnown)
	}
}

func params(model string, values []float64) map[string]float64 {
	m := map[string]float64{}
	for i, key := range keys[model] {
		m[key] = values[i]
	}
	return m
}

// someModels are models with plausible parameters.
func someModels(names ...string) *File {
	f := &File{Unit: "week"}
	for _, name := range names {
		values := map[string][]float64{
			BGNBD: {0.24, 4.4, 0.79, 2.4}, MBGNBD: {0.52, 6.2, 0.89, 1.6}, ParetoNBD: {0.55, 10.6, 0.61, 11.7}, GammaGamma: {6.2, 3.7, 15.4},
		}[name]
		f.Models = append(f.Models, Model{Model: name, Converged: true, Params: params(name, values)})
	}
	return f
}

func TestFiguresThatThereAreNot(t *testing.T) {
	path := written(t, "id,x,t_x,T\n=1+1,0,0,38.86\nb,2,30.43,38.86\nc,-1,0,0\n")
	text := predicted(t, someModels(BGNBD), Terms{Horizon: 52, DiscountRate: 0.15}, path, "csv")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v in\n%s", err, text)
	}
	column := map[string]int{}
	for i, title := range rows[0] {
		column[title] = i
	}
	first := rows[1]
	if first[column["id"]] != "'=1+1" || first[column["p_alive"]] != "1" || first[column["churn_risk"]] != "" || first[column["residual_clv"]] != "" {
		t.Errorf("%v", first)
	}
	for _, reason := range []string{"churn_risk=NO_REPEAT_OBSERVED", "p_alive=NO_REPEAT_OBSERVED", "expected_spend=SPEND_MODEL_MISSING", "residual_clv=SPEND_MODEL_MISSING"} {
		if !strings.Contains(first[column["reasons"]], reason) {
			t.Errorf("no %s in %s", reason, first[column["reasons"]])
		}
	}
}

func TestPreferredModelKnowsChurn(t *testing.T) {
	for _, c := range []struct {
		file  *File
		named string
		want  string
		rule  string
	}{
		{someModels(BGNBD, MBGNBD, ParetoNBD, GammaGamma), "", ParetoNBD, "continuous"},
		{someModels(BGNBD, MBGNBD), "", MBGNBD, "per_period"},
		{someModels(BGNBD, MBGNBD, ParetoNBD), BGNBD, BGNBD, "per_period"},
	} {
		p, err := NewPredictor(c.file, Terms{Horizon: 52, DiscountRate: 0.15, Model: c.named})
		if err != nil {
			t.Fatal(err)
		}
		if p.Setup.Model != c.want || p.Setup.Discount.Compounding != c.rule {
			t.Errorf("%+v, want %s, %s", p.Setup, c.want, c.rule)
		}
		at, err := p.Of(Row{X: 2, TX: 30.43, T: 38.86, Spend: 22, HasSpend: true})
		if err != nil {
			t.Fatal(err)
		}
		if c.want != BGNBD && (at.ChurnRisk == nil || *at.ChurnRisk < 1-*at.Alive || *at.ChurnRisk > 1) {
			t.Errorf("%s: churn risk %v with alive %v", c.want, at.ChurnRisk, *at.Alive)
		}
	}
	week, err := NewPredictor(someModels(MBGNBD), Terms{Horizon: 52, DiscountRate: 0.15})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "rate of a week", week.Setup.Discount.PerPeriod, math.Pow(1.15, 1.0/52)-1, 1e-12)
}

func TestPredictorRefusals(t *testing.T) {
	good := Terms{Horizon: 52, DiscountRate: 0.15}
	for name, c := range map[string]struct {
		file   *File
		spoil  func(*Terms)
		reason string
	}{
		"horizon":       {someModels(BGNBD), func(t *Terms) { t.Horizon = math.NaN() }, "INVALID_FIELD"},
		"discount rate": {someModels(BGNBD), func(t *Terms) { t.DiscountRate = -1 }, "INVALID_FIELD"},
		"no discount":   {someModels(BGNBD), func(t *Terms) { t.DiscountRate = 1e-12 }, "INVALID_FIELD"},
		"margin":        {someModels(BGNBD), func(t *Terms) { t.Margin = new(float64) }, "INVALID_FIELD"},
		"model":         {someModels(BGNBD), func(t *Terms) { t.Model = ParetoNBD }, "MODEL_NOT_FITTED"},
		"spend alone":   {someModels(GammaGamma), func(*Terms) {}, "MODEL_NOT_FITTED"},
		"spend named":   {someModels(BGNBD, GammaGamma), func(t *Terms) { t.Model = GammaGamma }, "MODEL_NOT_FITTED"},
	} {
		terms := good
		c.spoil(&terms)
		if _, err := NewPredictor(c.file, terms); fault.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v, want %s", name, err, c.reason)
		}
	}
}

func TestModelFilesThatCannotBeUsed(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{}`, `{"models":[]}`, `{"models":[{"model":"arima","params":{}}]}`,
		`{"models":[{"model":"bg-nbd","params":{"r":1,"alpha":1,"a":1}}]}`,
		`{"models":[{"model":"bg-nbd","params":{"r":1,"alpha":1,"a":1,"b":0}}]}`,
		`{"models":[{"model":"bg-nbd","params":{"r":1,"alpha":1,"a":1,"b":1,"c":1}}]}`,
		`{"version":2,"models":[{"model":"bg-nbd","params":{"r":1,"alpha":1,"a":1,"b":1}}]}`,
		`{"unit":"fortnight","models":[{"model":"bg-nbd","params":{"r":1,"alpha":1,"a":1,"b":1}}]}`,
		`{"models":[` + strings.Repeat(`{"model":"bg-nbd"},`, 240_000),
	} {
		if _, err := ReadFile(written(t, text)); fault.ReasonOf(err) != "MODEL_FILE_INVALID" {
			t.Errorf("%.80s: %v", text, err)
		}
	}
	bare, err := ReadFile(written(t, `{"models":[{"model":"bg-nbd","params":{"r":1,"alpha":1,"a":1,"b":1}}]}`))
	if err != nil || bare.Unit != "week" {
		t.Errorf("what states no more than the parameters: %+v, %v", bare, err)
	}
}

func TestHoldoutOfASummary(t *testing.T) {
	s, err := OpenSummary(refdata.Path(t, "data/cdnow_calhold.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	sample, err := FromSummary(s, 39)
	if err != nil {
		t.Fatal(err)
	}
	models, err := Fit(t.Context(), sample, []string{MBGNBD}, btyd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := models[0].Holdout
	if h == nil || h.Actual != 1882 || h.Periods != 39 || len(h.ByFrequency) != 8 {
		t.Fatalf("%+v", h)
	}
	near(t, "predicted", h.Predicted, 1576.7283, 2e-3*1576.7)
	near(t, "mean absolute error", h.MAE, 0.76475, 2e-3)
	var customers, actual, expected float64
	for _, class := range h.ByFrequency {
		customers, actual, expected = customers+class.Customers, actual+class.Actual, expected+class.Predicted
	}
	if customers != 2357 || actual != h.Actual || math.Abs(expected-h.Predicted) > 1e-6 {
		t.Errorf("classes come to %v customers, %v and %v", customers, actual, expected)
	}
}
