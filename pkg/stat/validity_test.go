package stat_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/pkg/stat"
)

// relative reports whether two numbers differ by no more than a share of the second.
func relative(got, want, share float64) bool { return math.Abs(got-want) <= share*math.Abs(want) }

// wantReason checks that an error is a fault of this reason that names a field.
func wantReason(t interface{ Errorf(string, ...any) }, err error, reason string) {
	f, ok := fault.As(err)
	if !ok || f.Reason != reason || f.Kind != fault.InvalidArgument || len(f.Violations) != 1 || f.Violations[0].Field == "" {
		t.Errorf("%v, want reason %s and a field", err, reason)
	}
}

// iris are its four columns, by species.
func iris(t *testing.T) [4][3][]float64 {
	t.Helper()
	rows := refdata.CSV(t, "data/iris.csv")
	var columns [4][3][]float64
	for _, row := range rows[1:] {
		species, err := strconv.Atoi(row[4])
		if err != nil {
			t.Fatal(err)
		}
		for c := range columns {
			x, err := strconv.ParseFloat(row[c], 64)
			if err != nil {
				t.Fatal(err)
			}
			columns[c][species] = append(columns[c][species], x)
		}
	}
	return columns
}

func spreads(groups [][]float64) []stat.Spread {
	all := make([]stat.Spread, len(groups))
	for i, g := range groups {
		all[i] = stat.SpreadOf(g)
	}
	return all
}

func TestGroupsOfIris(t *testing.T) {
	var reference struct {
		Columns map[string]struct {
			F, P     float64
			H        float64 `json:"kruskal_H"`
			HP       float64 `json:"kruskal_p"`
			Eta2     float64
			Omega2   float64
			Epsilon2 float64 `json:"epsilon2_kw"`
		} `json:"iris_anova_by_species"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	columns := iris(t)
	for c, name := range []string{"sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"} {
		want, ok := reference.Columns[name]
		if !ok {
			t.Fatal("no reference for", name)
		}
		a, err := stat.OneWayAnova(spreads(columns[c][:]))
		if err != nil {
			t.Fatal(err)
		}
		k, err := stat.KruskalWallis(columns[c][:])
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string][2]float64{
			"F": {a.F, want.F}, "p": {a.P, want.P}, "eta2": {a.EtaSquared, want.Eta2}, "omega2": {a.OmegaSquared, want.Omega2},
			"H": {k.H, want.H}, "p of H": {k.P, want.HP}, "epsilon2": {k.EpsilonSquared, want.Epsilon2},
		} {
			if !relative(pair[0], pair[1], 1e-9) {
				t.Errorf("%s: %s is %v, want %v", name, what, pair[0], pair[1])
			}
		}
		if a.DFBetween != 2 || a.DFWithin != 147 || k.DF != 2 || a.N != 150 || k.N != 150 || len(k.Warnings) != 0 {
			t.Errorf("%s: %+v %+v", name, a, k)
		}
	}
}

// drawGroups are 2 to 5 groups of 2 to 12 whole numbers, not all of them equal.
func drawGroups(t *rapid.T) [][]float64 {
	groups := rapid.SliceOfN(rapid.SliceOfN(rapid.Map(rapid.IntRange(-20, 20), func(v int) float64 { return float64(v) }), 2, 12), 2, 5).Draw(t, "groups")
	groups[0][0], groups[0][1] = 21, 22
	return groups
}

func eachValue(groups [][]float64, f func(float64) float64) [][]float64 {
	all := make([][]float64, len(groups))
	for i, g := range groups {
		for _, x := range g {
			all[i] = append(all[i], f(x))
		}
	}
	return all
}

func TestAnovaOfAffineValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := drawGroups(t)
		scale := rapid.SampledFrom([]float64{-3, 0.25, 7, 1e6}).Draw(t, "scale")
		shift := rapid.SampledFrom([]float64{0, -11, 1e5}).Draw(t, "shift")
		a, err := stat.OneWayAnova(spreads(groups))
		b, err2 := stat.OneWayAnova(spreads(eachValue(groups, func(x float64) float64 { return x*scale + shift })))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if math.Abs(a.EtaSquared-b.EtaSquared) > 1e-9 || math.Abs(a.F-b.F) > 1e-7*(1+a.F) || math.Abs(a.P-b.P) > 1e-6 {
			t.Fatalf("%+v became %+v", a, b)
		}
		if a.EtaSquared < 0 || a.EtaSquared > 1 || a.OmegaSquared > a.EtaSquared || a.P < 0 || a.P > 1 {
			t.Fatalf("%+v", a)
		}
	})
}

func TestKruskalWallisOfMonotoneValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := drawGroups(t)
		a, err := stat.KruskalWallis(groups)
		b, err2 := stat.KruskalWallis(eachValue(groups, func(x float64) float64 { return math.Exp(x / 3) }))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if a.H != b.H || a.P != b.P || a.EpsilonSquared < 0 || a.EpsilonSquared > 1 {
			t.Fatalf("%+v became %+v", a, b)
		}
		rows := make([][]int64, 50) // the same as counts
		for v := range rows {
			rows[v] = make([]int64, len(groups))
			for j, g := range groups {
				for _, x := range g {
					if x == float64(v-25) {
						rows[v][j]++
					}
				}
			}
		}
		if c, err := stat.KruskalWallisOrdered(rows); err != nil || !relative(c.H, a.H, 1e-12) || c.TieCorrection != a.TieCorrection {
			t.Fatalf("of counts %+v, %v; of values %+v", c, err, a)
		}
	})
}

func TestSpreadOfParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(1e9, 1e9+1), 2, 50).Draw(t, "values")
		at := rapid.IntRange(0, len(values)).Draw(t, "at")
		whole, parts := stat.SpreadOf(values), stat.SpreadOf(values[:at])
		parts.Merge(stat.SpreadOf(values[at:]))
		if whole.N != parts.N || whole.Min != parts.Min || whole.Max != parts.Max || math.Abs(whole.SD()-parts.SD()) > 1e-6 {
			t.Fatalf("%+v, of parts %+v", whole, parts)
		}
	})
}

func TestGroupsRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for reason, cases := range map[string][][][]float64{
		stat.ReasonTooFewGroups: {nil, {{1, 2}}},
		stat.ReasonEmptyGroup:   {{{1, 2}, {}}},
		stat.ReasonZeroVariance: {{{3, 3}, {3, 3}}},
		stat.ReasonTooFewValues: {{{1}, {2}}},
		stat.ReasonInvalid:      {{{1, 2}, {nan, 1}}, {{1, 2}, {inf, 1}}},
	} {
		for _, groups := range cases {
			_, err := stat.OneWayAnova(spreads(groups))
			wantReason(t, err, reason)
			_, err = stat.KruskalWallis(groups)
			wantReason(t, err, reason)
		}
	}
	_, err := stat.OneWayAnova(spreads([][]float64{{1, 1}, {2, 2}}))
	wantReason(t, err, stat.ReasonZeroWithin)
	if k, err := stat.KruskalWallis([][]float64{{1, 1}, {2, 2}}); err != nil || len(k.Warnings) != 1 || k.Warnings[0].Reason != stat.ReasonSmallGroups {
		t.Errorf("%+v %v", k, err)
	}
	_, err = stat.OneWayAnova(spreads([][]float64{{1e200, -1e200}, {2, 3}}))
	wantReason(t, err, stat.ReasonInvalid)
	_, err = stat.KruskalWallisOrdered([][]int64{{1, 2}, {3}})
	wantReason(t, err, stat.ReasonInvalid)
	_, err = stat.KruskalWallisOrdered([][]int64{{1, 0}, {3, 0}})
	wantReason(t, err, stat.ReasonEmptyGroup)
}

// The table of treatment and outcome in Agresti's text books (aspirin and heart
// attacks): χ² 25.01 on 1, residual 5.00.
func TestContingencyOfTwoByTwo(t *testing.T) {
	got, err := stat.Contingency([][]int64{{189, 10845}, {104, 10933}})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.ChiSquare-25.0139) > 1e-4 || got.DF != 1 || math.Abs(got.Residuals[0][0]-5.0014) > 1e-4 || len(got.Warnings) != 0 {
		t.Errorf("%+v", got)
	}
	// Of a table with two rows the square of the residual is χ² itself.
	if !relative(got.Residuals[0][0]*got.Residuals[0][0], got.ChiSquare, 1e-9) || !relative(got.CramersV, math.Sqrt(got.ChiSquare/22071), 1e-9) {
		t.Errorf("%+v", got)
	}
	if got.CramersVCorrected <= 0 || got.CramersVCorrected >= got.CramersV {
		t.Errorf("corrected %v of %v", got.CramersVCorrected, got.CramersV)
	}
}

func TestContingencyBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, c := rapid.IntRange(2, 5).Draw(t, "r"), rapid.IntRange(2, 5).Draw(t, "c")
		counts := make([][]int64, r)
		turned := make([][]int64, c)
		for j := range turned {
			turned[j] = make([]int64, r)
		}
		for i := range counts {
			counts[i] = make([]int64, c)
			for j := range counts[i] {
				counts[i][j] = rapid.Int64Range(0, 30).Draw(t, "count")
				turned[j][i] = counts[i][j]
			}
		}
		got, err := stat.Contingency(counts)
		if err != nil {
			wantReason(t, err, stat.ReasonEmptyGroup)
			return
		}
		other, err := stat.Contingency(turned)
		if err != nil || !(math.Abs(got.ChiSquare-other.ChiSquare) < 1e-9*(1+got.ChiSquare)) || got.DF != other.DF {
			t.Fatalf("%+v turned %+v %v", got, other, err)
		}
		if !(got.CramersV >= 0 && got.CramersV <= 1 && got.CramersVCorrected >= 0 && got.CramersVCorrected <= 1 && got.P >= 0 && got.P <= 1) {
			t.Fatalf("%+v", got)
		}
		for i, row := range got.Expected {
			sum, want := 0.0, 0.0
			for j, e := range row {
				sum, want = sum+e, want+float64(counts[i][j])
				if math.IsNaN(got.Residuals[i][j]) || math.IsInf(got.Residuals[i][j], 0) {
					t.Fatalf("residual %v", got.Residuals[i][j])
				}
			}
			if math.Abs(sum-want) > 1e-9 {
				t.Fatalf("row %d expects %v of %v", i, sum, want)
			}
		}
	})
}

func TestContingencyRefusedAndWarned(t *testing.T) {
	for reason, cases := range map[string][][][]int64{
		stat.ReasonTooFewGroups: {nil, {{1, 2}}, {{1}, {2}}},
		stat.ReasonEmptyGroup:   {{{0, 0}, {1, 2}}, {{0, 1}, {0, 2}}},
		stat.ReasonInvalid:      {{{1, 2}, {-1, 2}}, {{1, 2}, {1}}, {{1, 1 << 62}, {1, 1 << 62}}},
	} {
		for _, counts := range cases {
			_, err := stat.Contingency(counts)
			wantReason(t, err, reason)
		}
	}
	got, err := stat.Contingency([][]int64{{3, 1}, {1, 3}})
	if err != nil || got.ChiSquare != 2 || len(got.Warnings) != 1 || got.Warnings[0].Reason != stat.ReasonExpectedBelow5 {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = stat.Contingency([][]int64{{50, 0}, {0, 50}}); err != nil || got.CramersV != 1 || got.P > 1e-20 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestReadings(t *testing.T) {
	large, err := stat.OneWayAnova(spreads([][]float64{{1, 2, 3}, {11, 12, 13}}))
	if err != nil {
		t.Fatal(err)
	}
	none, err := stat.KruskalWallis([][]float64{{1, 4, 5, 8, 9}, {2, 3, 6, 7, 10}})
	if err != nil {
		t.Fatal(err)
	}
	table, err := stat.Contingency([][]int64{{60, 40}, {40, 60}})
	if err != nil {
		t.Fatal(err)
	}
	for text, says := range map[string][]string{
		large.Reading("en"):    {"97.4 %", "η² = 0.974, large", "hardly"},
		large.Reading("zh-CN"): {"97.4 %", "效应大", "几乎不会"},
		none.Reading("en"):     {"negligible", "no evidence"},
		none.Reading("zh"):     {"可忽略", "不能作为"},
		table.Reading("en"):    {"0.200 (small)", "0.10 small, 0.30 medium", "p = 0.0047"},
		table.Reading("zh"):    {"0.200（关联小）"},
	} {
		for _, s := range says {
			if !strings.Contains(text, s) {
				t.Errorf("%q does not say %q", text, s)
			}
		}
	}
}
