package cli

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/refdata"
)

// close9 is the tolerance of the reference for tests of groups.
func close9(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }

type compared struct {
	Rows, Dropped int
	Correction    string
	Columns       []struct {
		Column string
		Anova  *struct {
			F, PHolm float64
			P        float64 `json:"p_value"`
			Holm     float64 `json:"p_value_holm"`
			Eta2     float64 `json:"eta_squared"`
			Omega2   float64 `json:"omega_squared"`
			Reading  string
		}
		KruskalWallis struct {
			H        float64
			P        float64 `json:"p_value"`
			Epsilon2 float64 `json:"epsilon_squared"`
		} `json:"kruskal_wallis"`
		Groups []struct {
			Name             string
			N                int
			Mean, SD, Median float64
		}
		Warnings []struct{ Reason string }
	}
}

func TestStatCompareReference(t *testing.T) {
	var reference struct {
		Iris map[string]struct {
			F, P, Eta2, Omega2 float64
			H                  float64 `json:"kruskal_H"`
			HP                 float64 `json:"kruskal_p"`
			Epsilon2           float64 `json:"epsilon2_kw"`
		} `json:"iris_anova_by_species"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	var got compared
	statJSON(t, &got, "compare", "--file", refdata.Path(t, "data/iris.csv"), "--value", "sepal_l,sepal_w", "--value", "petal_l,petal_w", "--group", "species")
	if len(got.Columns) != 4 || got.Rows != 150 || got.Correction != "holm" {
		t.Fatalf("%+v", got)
	}
	for i, name := range []string{"sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"} {
		want, c := reference.Iris[name], got.Columns[i]
		if a := c.Anova; !close9(a.F, want.F) || !close9(a.P, want.P) || !close9(a.Eta2, want.Eta2) || !close9(a.Omega2, want.Omega2) || a.Holm < a.P || a.Holm > 4*a.P {
			t.Errorf("%s: %+v", name, a)
		}
		if k := c.KruskalWallis; !close9(k.H, want.H) || !close9(k.P, want.HP) || !close9(k.Epsilon2, want.Epsilon2) {
			t.Errorf("%s: %+v", name, k)
		}
	}
	if g := got.Columns[2].Groups; len(g) != 3 || g[1].Name != "1" || g[1].N != 50 || !close9(g[1].Mean, 4.26) || g[1].Median != 4.35 || math.Abs(g[1].SD-0.4699109772) > 1e-9 {
		t.Errorf("%+v", g)
	}
}

func TestStatContingency(t *testing.T) {
	var got struct {
		ChiSquare float64 `json:"chi_square"`
		DF        int
		P         float64 `json:"p_value"`
		V         float64 `json:"cramers_v"`
		Counts    [][]int
		RowNames  []string    `json:"row_names"`
		Expected  [][]float64 `json:"expected"`
		Residuals [][]float64 `json:"standardized_residuals"`
		Rand      float64     `json:"adjusted_rand"`
		Warnings  []struct{ Reason string }
	}
	statJSON(t, &got, "contingency", "--file", refdata.Path(t, "data/rossi.csv"), "--rows", "fin", "--columns", "arrest")
	// χ² by hand: n·(ad−bc)²/(r₁r₂c₁c₂) of 150, 66, 168, 48.
	want := 432 * math.Pow(150*48-66*168, 2) / (216 * 216 * 318 * 114)
	if got.DF != 1 || !close9(got.ChiSquare, want) || !close9(got.V, math.Sqrt(want/432)) || got.Counts[0][1] != 66 || !close9(got.Expected[0][0], 159) ||
		!close9(got.Residuals[0][1], math.Sqrt(want)) || got.RowNames[1] != "1" || len(got.Warnings) != 0 || math.Abs(got.Rand) > 0.05 {
		t.Errorf("%+v, want %v", got, want)
	}
}

func TestStatGroupsText(t *testing.T) {
	for says, args := range map[string][]string{
		"ANOVA: F 1180.16 on 2 and 147, p 2.9e-91": {"compare", "--value", "petal_l", "--group", "species", "--lang", "en"},
		"效应大":       {"compare", "--value", "petal_l", "--group", "species", "--lang", "zh"},
		"29 (+8.5)": {"contingency", "--rows", "species", "--columns", "petal_w", "--lang", "en"},
	} {
		out, err := command(append([]string{"stat", args[0], "--file", refdata.Path(t, "data/iris.csv")}, args[1:]...)...)
		if err != nil || !strings.Contains(out, says) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

func TestStatGroupsRefuse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	for text, c := range map[string]struct{ reason, says string }{
		"":                                {"FILE_EMPTY", ""},
		"v,g\n":                           {"FILE_EMPTY", "no row"},
		"x,g\n1,2\n":                      {"COLUMN_NOT_FOUND", `"v"`},
		"v,g\n1,a\nx,b\n":                 {"CELL_INVALID", "row 2, column v"},
		"v,g\nNaN,a\n1,b\n":               {"CELL_INVALID", "column v"},
		"v,g\n1,a\n,b\n":                  {"CELL_INVALID", "--missing drop"},
		"v,g\n1,a\n2,a\n":                 {"INVALID_FIELD", "g has 1"},
		"v,g\n2,a\n2,b\n2,b\n":            {"ZERO_VARIANCE", "column v"},
		"v,g\n2,a\n3,b\n":                 {"TOO_FEW_VALUES", ""},
		"v,g\n1e200,a\n-1e200,a\n3,b\n":   {"INVALID_FIELD", "column v"},
		"v,g\n1,a\n2,b,3\n":               {"ROW_RAGGED", "row 2"},
		"v,g,g\n1,a,a\n":                  {"COLUMN_AMBIGUOUS", ""},
		"v,g\n1,a\n2,\x00b\n3,a\n4,b\n":   {"ROW_NOT_TEXT", ""},
		"v,g\n\"1,a\n2,b\n3,a\n4,b\n":     {"ROW_MALFORMED", ""},
		"v,g\n1,\xff\xfe\n2,b\n3,a\n4,b":  {"FILE_ENCODING_UNKNOWN", ""},
		"v,g\n=cmd|'/C calc'!A0,a\n2,b\n": {"CELL_INVALID", "column v"},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := command("stat", "compare", "--file", path, "--value", "v", "--group", "g")
		if fault.ReasonOf(err) != c.reason || exitCode(err) != exitBadInput || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	ids := "v,g\n"
	for i := range 1001 {
		ids += fmt.Sprintf("%d,customer %d\n", i, i)
	}
	if err := os.WriteFile(path, []byte(ids), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"compare", "--value", "v", "--group", "g"}, {"contingency", "--rows", "v", "--columns", "g"}} {
		if _, err := command(append([]string{"stat", args[0], "--file", path}, args[1:]...)...); fault.ReasonOf(err) != "TOO_MANY_GROUPS" || exitCode(err) != exitBadInput {
			t.Errorf("%v: %v", args, err)
		}
	}
	for _, args := range [][]string{
		{"compare"}, {"compare", "--file", path, "--value", "v"}, {"compare", "--file", path, "--group", "g"},
		{"compare", "--file", path, "--value", "v,v", "--group", "g"}, {"compare", "--file", path, "--value", "v", "--group", "g", "--format", "csv"},
		{"contingency", "--file", path, "--rows", "g"}, {"contingency", "--file", path, "--rows", "g", "--columns", "g"},
		{"contingency", "--file", path, "--rows", "g", "--columns", "v", "--lang", "de"},
	} {
		if _, err := command(append([]string{"stat"}, args...)...); exitCode(err) != exitBadInput {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestStatCompareWithinWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte("v;g\n1;a\n1;a\n2;b\n2;b\n;b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got compared
	statJSON(t, &got, "compare", "--file", path, "--value", "v", "--group", "g", "--missing", "drop")
	if c := got.Columns[0]; got.Dropped != 1 || c.Anova != nil || len(c.Warnings) != 2 || c.Warnings[0].Reason != "ZERO_VARIANCE_WITHIN_GROUPS" || !close9(c.KruskalWallis.H, 3) {
		t.Errorf("%+v", got)
	}
}

type drifted struct {
	PSI       float64
	Bins      []struct{ Expected, Actual, Contribution float64 }
	NExpected int      `json:"n_expected"`
	NActual   int      `json:"n_actual"`
	Chance    *float64 `json:"chance_psi"`
	Smoothing float64
	Edges     []float64
	Category  []string `json:"categories"`
	Reading   string
}

func TestStatPSIOfShares(t *testing.T) {
	var got drifted
	statJSON(t, &got, "psi", "--expected-shares", ".1,.2,.3,.4", "--actual-shares", ".15,.25,.25,.35", "--lang", "zh")
	if !close9(got.PSI, 0.04722308044204256) || len(got.Bins) != 4 || got.Smoothing != 0 || got.Chance != nil || !strings.Contains(got.Reading, "稳定") {
		t.Errorf("%+v", got)
	}
}

func TestStatPSIOfFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	january := write("january.csv", "v,g\n1,a\n2,a\n3,b\n4,b\n")
	june := write("june.csv", "v,g\n1,a\n2,c\n4,b\n4,b\n9,b\n,b\n")
	var got drifted
	statJSON(t, &got, "psi", "--expected", january, "--actual", june, "--column", "v", "--bins", "2", "--missing", "drop", "--smoothing", "0")
	// 0.5 and 0.5 became 0.4 and 0.6
	if want := 0.1*math.Log(0.5/0.4) + 0.1*math.Log(0.6/0.5); !close9(got.PSI, want) || got.NExpected != 4 || got.NActual != 5 || len(got.Edges) != 1 || got.Edges[0] != 3 {
		t.Errorf("%+v, want %v", got, want)
	}
	statJSON(t, &got, "psi", "--expected", january, "--actual", june, "--column", "g", "--categorical")
	if len(got.Category) != 3 || got.Bins[2].Expected != 0 || got.Smoothing != 0.0001 || got.PSI < 0.3 {
		t.Errorf("%+v", got)
	}
	statJSON(t, &got, "psi", "--expected", january, "--actual", january, "--column", "v")
	if got.PSI != 0 {
		t.Errorf("of itself %+v", got)
	}
	out, err := command("stat", "psi", "--expected", january, "--actual", june, "--column", "v", "--missing", "drop", "--lang", "en")
	if err != nil || !strings.Contains(out, "below 2") || !strings.Contains(out, "4 and up") || !strings.Contains(out, "n 4 expected, 5 actual") {
		t.Errorf("%v\n%s", err, out)
	}
	for reason, args := range map[string][]string{
		"CELL_INVALID":     {"--expected", january, "--actual", june, "--column", "v"},
		"COLUMN_NOT_FOUND": {"--expected", january, "--actual", june, "--column", "x"},
		"EMPTY_BIN":        {"--expected", january, "--actual", june, "--column", "g", "--categorical", "--smoothing", "0"},
		"INVALID_FIELD":    {"--expected-shares", ".5,.5", "--actual-shares", ".5,.6"},
		"":                 {"--expected", january, "--column", "v"},
	} {
		_, err := command(append([]string{"stat", "psi"}, args...)...)
		if fault.ReasonOf(err) != reason || exitCode(err) != exitBadInput || reason == "CELL_INVALID" && !strings.HasPrefix(err.Error(), "--actual: row 6") {
			t.Errorf("%v: %v", args, err)
		}
	}
	for _, args := range [][]string{
		{"--expected-shares", ".5,.5"}, {"--expected-shares", "x", "--actual-shares", "1"}, {"--bins", "1", "--expected", january, "--actual", january, "--column", "v"},
		{"--expected", january, "--actual", january}, {"--expected", january, "--actual", january, "--column", "v", "--expected-shares", "1"}, {},
	} {
		if _, err := command(append([]string{"stat", "psi"}, args...)...); exitCode(err) != exitBadInput {
			t.Errorf("%v: %v", args, err)
		}
	}
}
