package cli

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/services/kehu/internal/value"
)

// wantRefused checks the exit code and the reason, or a part of the message.
func wantRefused(t *testing.T, part string, args ...string) string {
	t.Helper()
	out, err := command(args...)
	if err == nil || exitCode(err) != exitBadInput || !strings.Contains(explain(err), part) {
		t.Errorf("%v: exit %d, %v; want %s", args, exitCode(err), err, part)
	}
	return out
}

func fit(t *testing.T, args ...string) *value.File {
	t.Helper()
	out, err := command(append([]string{"value", "fit", "--format", "json"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var f value.File
	if err := json.Unmarshal([]byte(out), &f); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return &f
}

// holdouts are the figures of an independent tool.
type holdouts struct {
	Actual float64 `json:"actual_total"`
	N      float64 `json:"n"`
	BG     heldout `json:"bgnbd"`
	MBG    heldout `json:"mbgnbd"`
	Pareto heldout `json:"pnbd"`

	TopDecile float64 `json:"bg_top_decile_share_of_holdout"`
}

type heldout struct {
	Fit struct {
		Params []float64
		LL     float64
		SE     []float64
	}
	Predicted float64 `json:"pred_total"`
	MAE       float64
	RMSE      float64
	Spearman  float64
}

func TestFitCDNOWOrders(t *testing.T) {
	var want holdouts
	refdata.JSON(t, "reference/cdnow_holdout.json", &want)
	f := fit(t, "--orders", refdata.Path(t, "data/cdnow_orders.csv"), "--calibration-end", "1997-09-30", "--model", "all")
	if f.End != "1998-06-30" || f.TimeZone != "UTC" || f.Currency != "USD" || f.Population.Customers != 2357 || len(f.Models) != 4 {
		t.Fatalf("%+v", f)
	}
	names := map[string][]string{value.BGNBD: {"r", "alpha", "a", "b"}, value.MBGNBD: {"r", "alpha", "a", "b"}, value.ParetoNBD: {"r", "alpha", "s", "beta"}}
	for i, w := range []heldout{want.BG, want.MBG, want.Pareto} {
		m := f.Models[i]
		near(t, m.Model+" log-likelihood", *m.LogLikelihood, w.Fit.LL, 1e-3)
		for j, name := range names[m.Model] {
			tolerance := 1e-3
			if m.Model == value.ParetoNBD && j > 1 {
				tolerance = 3e-3
			}
			near(t, m.Model+" "+name, m.Params[name], w.Fit.Params[j], tolerance*w.Fit.Params[j])
			near(t, m.Model+" standard error of "+name, m.StandardErrors[name], w.Fit.SE[j], 0.02*w.Fit.SE[j])
		}
		if !m.Converged || m.Customers != want.N || m.Holdout == nil || m.Holdout.Actual != want.Actual || m.Holdout.Periods != 39 {
			t.Errorf("%+v with %+v", m, m.Holdout)
			continue
		}
		near(t, m.Model+" hold-out", m.Holdout.Predicted, w.Predicted, 2e-3*w.Predicted)
		near(t, m.Model+" MAE", m.Holdout.MAE, w.MAE, 2e-3)
		near(t, m.Model+" RMSE", m.Holdout.RMSE, w.RMSE, 2e-3)
		near(t, m.Model+" Spearman", *m.Holdout.Spearman, w.Spearman, 2e-3)
		last := m.Tracking[len(m.Tracking)-1]
		if last.Period != 77 || last.CumulativeActual < 4200 || last.CumulativeActual > 2457+1882 || math.Abs(last.CumulativeExpected/last.CumulativeActual-1) > 0.1 {
			t.Errorf("%s ends with %+v", m.Model, last)
		}
	}
	near(t, "top tenth", f.Models[0].Holdout.TopDecileShare, want.TopDecile, 2e-3)
	// The reference has the means rounded to cents.
	gg := f.Models[3]
	near(t, "p", gg.Params["p"], 6.2488, 0.01)
	near(t, "mean of a purchase", *gg.PopulationMean, 35.171, 0.01)
	if gg.Customers != 946 || gg.Holdout != nil {
		t.Errorf("%+v", gg)
	}
}

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.10g, want %.10g", name, got, want)
	}
}

// Who bought when is enough for the purchase models; for spend it is not.
func TestFitVisitsWithoutAmounts(t *testing.T) {
	rows := cdnow(t)
	for name, columns := range map[string][]string{
		"no currency":    {"order_id", "customer_id", "order_time", "amount"},
		"no amount":      {"order_id", "customer_id", "order_time", "currency"},
		"two columns":    {"customer_id", "order_time"},
		"of other names": {"customer_id as id", "order_time as date"},
	} {
		t.Run(name, func(t *testing.T) {
			f := fit(t, "--orders", written(t, rows, columns), "--calibration-end", "1997-09-30", "--end", "1998-06-30", "--model", "bg-nbd,gamma-gamma")
			bg, gg := f.Models[0], f.Models[1]
			near(t, "log-likelihood", *bg.LogLikelihood, -9582.429206673929, 1e-3)
			if bg.Holdout == nil || bg.Holdout.Actual != 1882 {
				t.Errorf("%+v", bg.Holdout)
			}
			want := "SPEND_MISSING"
			if name == "no currency" {
				want = "CURRENCY_MISSING"
			}
			if gg.Fitted() || gg.Warnings[0].Reason != want {
				t.Errorf("%+v", gg)
			}
		})
	}
	path := written(t, rows, []string{"customer_id", "order_time"})
	out := wantRefused(t, "SPEND_MISSING", "value", "fit", "--orders", path, "--model", "gamma-gamma", "--format", "json")
	if !strings.Contains(out, `"SPEND_MISSING"`) {
		t.Errorf("the reason is not in the JSON:\n%s", out)
	}
}

// cdnow are the rows of the orders, the header first.
func cdnow(t *testing.T) [][]string {
	t.Helper()
	rows := refdata.CSV(t, "data/cdnow_orders.csv")
	return rows
}

// written writes some columns of rows, under other names where one is given.
func written(t *testing.T, rows [][]string, columns []string) string {
	t.Helper()
	var b strings.Builder
	for i, row := range rows {
		for j, column := range columns {
			name, alias, renamed := strings.Cut(column, " as ")
			cell := ""
			for k, title := range rows[0] {
				if title == name {
					cell = row[k]
				}
			}
			if i == 0 && renamed {
				cell = alias
			}
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(cell)
		}
		b.WriteByte('\n')
	}
	path := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSeveralCurrencies(t *testing.T) {
	rows := cdnow(t)
	for i := 1; i < len(rows); i++ {
		if i%3 == 0 {
			rows[i][4] = "CNY"
		}
	}
	path := written(t, rows, rows[0])
	wantRefused(t, "CURRENCIES_MIXED", "value", "fit", "--orders", path, "--model", "gamma-gamma")
	f := fit(t, "--orders", path, "--model", "gamma-gamma", "--currency", "USD")
	if gg := f.Models[0]; !gg.Fitted() || gg.Customers >= 946 || f.Currency != "USD" || gg.Warnings[len(gg.Warnings)-1].Reason != "OTHER_CURRENCIES_LEFT_OUT" {
		t.Errorf("%+v", f)
	}
}

// Days that lie behind the file's last order are no days without purchases for sure.
func TestDaysBehindTheFile(t *testing.T) {
	f := fit(t, "--orders", refdata.Path(t, "data/cdnow_orders.csv"), "--calibration-end", "1999-01-31", "--model", "bg-nbd")
	if len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "1998-06-30") || f.Models[0].Holdout != nil {
		t.Errorf("%v, %+v", f.Notes, f.Models[0].Holdout)
	}
}

func TestFitThenPredict(t *testing.T) {
	summary := refdata.Path(t, "data/cdnow_customers_summary_with_transactions.csv")
	models := filepath.Join(t.TempDir(), "models.json")
	text, err := command("value", "fit", "--summary", summary, "--out", models, "--format", "text")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"pareto-nbd", "converged", "2357", "946"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	out, err := command("value", "predict", "--model-file", models, "--summary", summary, "--horizon", "52", "--discount-rate", "0.15", "--format", "csv")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(rows) != 2358 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if text, err = command("value", "predict", "--model-file", models, "--summary", summary, "--format", "text"); err != nil || !strings.Contains(text, "Residual revenue") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestValueRefusals(t *testing.T) {
	orders := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(orders, []byte("customer_id,date\n1,2026-01-01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	header := filepath.Join(t.TempDir(), "header.csv")
	if err := os.WriteFile(header, []byte("customer_id,date\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][]string{
		{"--orders", "value", "fit"},
		{"--orders", "value", "fit", "--orders", "a", "--summary", "b"},
		{"--model", "value", "fit", "--orders", orders, "--model", "arima"},
		{"--unit", "value", "fit", "--orders", orders, "--unit", "fortnight"},
		{"--calibration-end", "value", "fit", "--orders", orders, "--calibration-end", "30.09.1997"},
		{"--end", "value", "fit", "--orders", orders, "--calibration-end", "2026-01-02", "--end", "2026-01-01"},
		{"--end", "value", "fit", "--summary", orders, "--end", "2026-01-01"},
		{"TOO_FEW_CUSTOMERS", "value", "fit", "--orders", orders},
		{"NO_CUSTOMERS", "value", "fit", "--orders", orders, "--calibration-end", "2025-01-01"},
		{"NO_ORDERS", "value", "fit", "--orders", header},
		{"FILE_COLUMN_MISSING", "value", "fit", "--summary", orders},
		{"no such file", "value", "fit", "--summary", orders + ".none"},
		{"--model-file", "value", "predict"},
		{"MODEL_FILE_INVALID", "value", "predict", "--model-file", orders, "--summary", orders},
		{"--margin", "value", "clv"},
		{"--margin", "value", "clv", "--margin", "12.5", "--retention", "0.8"},
		{"retention", "value", "clv", "--margin", "100", "--retention", "1.8"},
		{"periods", "value", "clv", "--margin", "100", "--retention", "0.8", "--periods", "0"},
		{"--survivors", "stat", "sbg"},
		{"--survivors", "stat", "sbg", "--survivors", "100,x"},
		{"SURVIVORS_INCREASE", "stat", "sbg", "--survivors", "100,90,95"},
		{"TOO_FEW_PERIODS", "stat", "sbg", "--survivors", "100,90"},
		{"NOBODY_LOST", "stat", "sbg", "--survivors", "100,100,100"},
		{"EVERYBODY_LOST", "stat", "sbg", "--survivors", "100,50,0"},
	} {
		wantRefused(t, c[0], c[1:]...)
	}
}

func TestStatSBG(t *testing.T) {
	out, err := command("stat", "sbg", "--survivors", "1000,869,743,653,593,551,517,491", "--format", "json")
	if err != nil {
		t.Fatal(err)
	}
	var r value.Renewals
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	near(t, "alpha", r.Params["alpha"], 0.668088, 1e-3)
	near(t, "DEL", *r.Lifetime, 5.922253, 1e-2)
	if len(r.Survival) != 13 || len(r.Retention) != 12 || len(r.Residual) != 5 || !r.Converged {
		t.Errorf("%+v", r)
	}
	text, err := command("stat", "sbg", "--survivors", "1000,869,743", "--format", "text")
	if err != nil || !strings.Contains(text, "alpha") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestValueCLV(t *testing.T) {
	out, err := command("value", "clv", "--margin", "10000", "--retention", "0.8", "--discount-rate", "0.1", "--periods", "5", "--timing", "end", "--historic", "2500", "--format", "json")
	if err != nil {
		t.Fatal(err)
	}
	var w value.Worth
	if err := json.Unmarshal([]byte(out), &w); err != nil {
		t.Fatal(err)
	}
	want := int64(math.Round(10_000 * 8.0 / 3 * (1 - 32768.0/161051)))
	if w.Residual != want || w.Total != want+2500 || w.Historic != 2500 || len(w.Schedule) != 5 || len(w.Sensitivity) != 27 {
		t.Errorf("residual %d, want %d: %+v", w.Residual, want, w)
	}
	text, err := command("value", "clv", "--margin", "100,200,300", "--retention", "0.8", "--currency", "CNY", "--format", "text")
	if err != nil || !strings.Contains(text, "CNY") {
		t.Errorf("%v\n%s", err, text)
	}
}
