package cli

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/refdata"
)

func command(args ...string) (string, error) {
	root := newRoot("test", args)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(args)
	err := root.Execute()
	return out.String(), err
}

func statJSON(t *testing.T, into any, args ...string) {
	t.Helper()
	out, err := command(append([]string{"stat"}, append(args, "--format", "json")...)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
}

func rossiArgs(t *testing.T, method string, more ...string) []string {
	return append([]string{"survival", "--file", refdata.Path(t, "data/rossi.csv"), "--duration", "week", "--event", "arrest", "--method", method}, more...)
}

const rossiCovariates = "fin,age,race,wexp,mar,paro,prio"

// close8 allows for the last digits that R's search leaves open.
func close8(a, b float64) bool { return math.Abs(a-b) <= 1e-8*max(1, math.Abs(b)) }

func TestStatSurvivalCurves(t *testing.T) {
	type curve struct {
		Times, Events, Survival, Lower, Upper []float64
		AtRisk                                []float64 `json:"at_risk"`
	}
	var all curve
	statJSON(t, &all, rossiArgs(t, "km")...)
	last := len(all.Times) - 1
	if all.Times[last] != 52 || all.AtRisk[last] != 322 || !close8(all.Survival[last], 0.7361111111111) || !close8(all.Lower[last], 0.6957013867661) || !close8(all.Upper[last], 0.7788680290261) {
		t.Errorf("at the end %+v", all)
	}
	var loglog curve
	statJSON(t, &loglog, rossiArgs(t, "km", "--interval", "log-log")...)
	if !close8(loglog.Lower[last], 0.6918597157965) {
		t.Errorf("lower end %v", loglog.Lower[last])
	}
	var groups struct{ Groups map[string]curve }
	statJSON(t, &groups, rossiArgs(t, "km", "--group", "fin")...)
	if len(groups.Groups) != 2 || groups.Groups["0"].AtRisk[0] != 216 || len(groups.Groups["1"].Times) == 0 {
		t.Errorf("%+v", groups)
	}
}

func TestStatSurvivalModels(t *testing.T) {
	var logrank struct {
		ChiSquare float64 `json:"chi_square"`
		DF        int
		P         float64 `json:"p_value"`
	}
	statJSON(t, &logrank, rossiArgs(t, "logrank", "--group", "fin")...)
	if !close8(logrank.ChiSquare, 3.837569576549) || logrank.DF != 1 || !close8(logrank.P, 0.05011611740901) {
		t.Errorf("%+v", logrank)
	}
	var model struct {
		Intercept, Shape, Concordance float64
		Coefficients                  map[string]float64
		StandardErrors                map[string]float64 `json:"standard_errors"`
		RobustStandardErrors          map[string]float64 `json:"robust_standard_errors"`
		LogLikelihood                 float64            `json:"log_likelihood"`
		Warnings                      []struct{ Reason string }
		Baseline                      struct {
			AtZero []struct {
				CumulativeHazard []float64 `json:"cumulative_hazard"`
			} `json:"at_zero"`
		}
	}
	statJSON(t, &model, rossiArgs(t, "cox-efron", "--covariates", rossiCovariates, "--robust", "--baseline")...)
	if len(model.Coefficients) != 7 || !close8(model.Coefficients["prio"], 0.0914970809853) || !close8(model.StandardErrors["prio"], 0.02864854995997) ||
		!close8(model.LogLikelihood, -658.747659446087) || !close8(model.Concordance, 0.6403292470997) || len(model.Warnings) != 0 {
		t.Errorf("%+v", model)
	}
	if r := model.RobustStandardErrors["prio"]; r < 0.02 || r > 0.04 {
		t.Errorf("robust %v", r)
	}
	if h := model.Baseline.AtZero[0].CumulativeHazard; math.Abs(h[len(h)-1]-0.9564992190687) > 1e-7 {
		t.Errorf("baseline %v", h)
	}
	statJSON(t, &model, rossiArgs(t, "cox-breslow", "--covariates", rossiCovariates)...)
	if !close8(model.LogLikelihood, -659.120605677328) {
		t.Errorf("%+v", model)
	}
	statJSON(t, &model, rossiArgs(t, "weibull", "--covariates", rossiCovariates)...)
	if math.Abs(model.Intercept-3.990134796534) > 1e-7 || math.Abs(model.Shape-1.403695274252) > 1e-7 || !close8(model.LogLikelihood, -679.916563937091) {
		t.Errorf("%+v", model)
	}
}

// TestStatSurvivalText: every method has a text that names what it found.
func TestStatSurvivalText(t *testing.T) {
	for method, c := range map[string]struct {
		args []string
		says string
	}{
		"km":        {nil, "median not reached"},
		"logrank":   {[]string{"--group", "race", "--strata", "fin"}, "difference of the groups"},
		"cox-efron": {[]string{"--covariates", rossiCovariates, "--strata", "wexp"}, ""},
		"weibull":   {nil, "the hazard rises"},
	} {
		out, err := command(append([]string{"stat"}, rossiArgs(t, method, c.args...)...)...)
		if method == "cox-efron" { // wexp does not vary within its own strata
			if fault.ReasonOf(err) != "SINGULAR_COVARIATES" || exitCode(err) != exitBadInput {
				t.Errorf("%s: %v", method, err)
			}
			continue
		}
		if err != nil || !strings.Contains(out, c.says) {
			t.Errorf("%s: %v\n%s", method, err, out)
		}
	}
}

func TestStatSurvivalRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	for text, c := range map[string]struct{ reason, says string }{
		"":                               {"FILE_EMPTY", ""},
		"d,e,x\n":                        {"FILE_EMPTY", "no row"},
		"d,x\n1,2\n":                     {"COLUMN_NOT_FOUND", `"e"`},
		"d,e,x\n1,1,2\n-2,1,2\n":         {"CELL_INVALID", "row 2, column d"},
		"d,e,x\n1,2,2\n":                 {"CELL_INVALID", "column e"},
		"d,e,x\n1,1,NaN\n":               {"CELL_INVALID", `"NaN"`},
		"d,e,x\n1,1,Inf\n":               {"CELL_INVALID", `"Inf"`},
		"d,e,x\n1,1,\n":                  {"CELL_INVALID", "--missing drop"},
		"d,e,x\n1,0,1\n2,0,2\n":          {"NO_EVENTS", ""},
		"d,e,x\n1,1,3\n2,1,3\n":          {"CONSTANT_COVARIATE", "x"},
		"d,e,x\n1,1,1\n2,1\n":            {"ROW_RAGGED", "row 2"},
		"d,e,x,x\n1,1,1,1\n":             {"COLUMN_AMBIGUOUS", ""},
		"d,e,x\n\"1,1,1\n":               {"ROW_MALFORMED", ""},
		"d,e,x\n1e400,1,1\n":             {"CELL_INVALID", "column d"},
		"d,e,x\n1,1,1e200\n2,1,-1e200\n": {"CELL_INVALID", "column x"},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := command("stat", "survival", "--file", path, "--duration", "d", "--event", "e", "--covariates", "x", "--method", "cox-efron")
		if fault.ReasonOf(err) != c.reason || exitCode(err) != exitBadInput || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, args := range [][]string{
		{}, {"--file", path}, {"--file", path + "x", "--duration", "d", "--event", "e"},
		{"--file", path, "--duration", "d", "--event", "e", "--level", "95"},
		{"--file", path, "--duration", "d", "--event", "e", "--method", "exact"},
		{"--file", path, "--duration", "d", "--event", "e", "--covariates", "x"},
		{"--file", path, "--duration", "d", "--event", "e", "--method", "cox-efron", "--group", "x"},
		{"--file", filepath.Dir(path), "--duration", "d", "--event", "e"},
	} {
		if _, err := command(append([]string{"stat", "survival"}, args...)...); exitCode(err) != exitBadInput {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestStatSurvivalDropsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte("d;e;w\n1;1;2\n2;;1\n3;0;NA\n4;1;1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows, Dropped int
		Times         []float64
		AtRisk        []float64 `json:"at_risk"`
	}
	statJSON(t, &got, "survival", "--file", path, "--duration", "d", "--event", "e", "--weights", "w", "--missing", "drop")
	if got.Rows != 4 || got.Dropped != 2 || len(got.Times) != 2 || got.AtRisk[0] != 3 {
		t.Errorf("%+v", got)
	}
}

func TestStatRFM(t *testing.T) {
	var reference struct {
		RFM struct {
			N        int
			Cells    int
			TopCells map[string]int `json:"top_cells"`
		} `json:"rfm_cdnow_sample"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	var got struct {
		Customers int
		Orders    int
		Currency  string `json:"currency_code"`
		Cells     map[string]int
	}
	orders := []string{"rfm", "--orders", refdata.Path(t, "data/cdnow_orders.csv"), "--as-of", "1998-06-30"}
	statJSON(t, &got, append(orders, "--ties", "ordinal")...)
	if got.Customers != reference.RFM.N || len(got.Cells) != reference.RFM.Cells || got.Orders != 6919 || got.Currency != "USD" {
		t.Errorf("%+v", got)
	}
	for cell, n := range reference.RFM.TopCells {
		if got.Cells[cell] != n {
			t.Errorf("cell %s holds %d customers, want %d", cell, got.Cells[cell], n)
		}
	}
	out, err := command(append([]string{"stat"}, append(orders, "--format", "csv")...)...)
	if lines := strings.Split(strings.TrimSpace(out), "\n"); err != nil || len(lines) != 2358 || lines[0] != "customer_id,recency_days,frequency,monetary,r,f,m" || !strings.HasPrefix(lines[1], "0001,") {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if out, err = command(append([]string{"stat"}, orders...)...); err != nil || !strings.Contains(out, "2357 customers, 6919 orders") {
		t.Errorf("%v\n%s", err, out)
	}
}
