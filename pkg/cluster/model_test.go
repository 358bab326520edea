package cluster_test

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"
)

var scalings = []cluster.Scaling{cluster.ScaleNone, cluster.ScaleStandard, cluster.ScaleMinMax, cluster.ScaleRobust}

func fitted(t rapid.TB, m cluster.Matrix, p cluster.Preparation, k int) *cluster.Fitted {
	t.Helper()
	f, err := cluster.Fit(context.Background(), m, p, cluster.Options{K: k, Starts: 2, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestScalings: what each scaling promises of its columns, and that all but none are
// the same whatever unit a column is in.
func TestScalings(t *testing.T) {
	m := iris(t)
	other := cluster.Matrix{Names: m.Names, Values: slices.Clone(m.Values)}
	for i := range other.Values {
		other.Values[i] = other.Values[i]*[]float64{1000, 0.01, 7, 1}[i%4] + []float64{-3, 0, 5, 100}[i%4]
	}
	for _, scaling := range scalings[1:] {
		a, b := fitted(t, m, cluster.Preparation{Scaling: scaling}, 4), fitted(t, other, cluster.Preparation{Scaling: scaling}, 4)
		if !slices.Equal(a.Division.Labels, b.Division.Labels) || !near(a.Division.Inertia, b.Division.Inertia, 1e-9) {
			t.Errorf("%s: inertia %v and %v", scaling, a.Division.Inertia, b.Division.Inertia)
		}
		for j := range 4 {
			var column []float64
			for i := range 150 {
				column = append(column, b.Rows.Matrix.Row(i)[j])
			}
			slices.Sort(column)
			var mean, square float64
			for _, v := range column {
				mean, square = mean+v/150, square+v*v/150
			}
			median, iqr := (column[74]+column[75])/2, column[111]+(column[112]-column[111])*0.75-column[37]-(column[38]-column[37])*0.25
			switch scaling {
			case cluster.ScaleStandard:
				if !near(mean, 0, 1e-9) || !near(square, 1, 1e-9) {
					t.Errorf("mean %v, variance %v", mean, square)
				}
			case cluster.ScaleMinMax:
				if !near(column[0], 0, 1e-9) || !near(column[149], 1, 1e-9) {
					t.Errorf("%v to %v", column[0], column[149])
				}
			case cluster.ScaleRobust:
				if !near(median, 0, 1e-9) || !near(iqr, 1, 1e-9) {
					t.Errorf("median %v, range %v", median, iqr)
				}
			}
		}
	}
}

func TestPreparation(t *testing.T) {
	nan := math.NaN()
	m := matrix(t, []string{"a", "b"}, []float64{1, 10, 2, nan, 3, 30, nan, 40, 5, 50, 100, 60})
	dropped := fitted(t, m, cluster.Preparation{Missing: cluster.MissingDrop}, 2)
	if dropped.Rows.Dropped != 2 || !slices.Equal(dropped.Rows.Kept, []int{0, 2, 4, 5}) || dropped.Warnings[0].Reason != cluster.ReasonRowsDropped {
		t.Errorf("%+v", dropped.Rows)
	}
	median := fitted(t, m, cluster.Preparation{Missing: cluster.MissingMedian}, 2)
	if !slices.Equal(median.Rows.Imputed, []int{1, 1}) || median.Rows.Matrix.Row(1)[1] != 40 || median.Rows.Matrix.Row(3)[0] != 3 || len(median.Warnings) != 2 {
		t.Errorf("%+v, %v", median.Rows, median.Warnings)
	}
	whole := matrix(t, []string{"a"}, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1000})
	tails := fitted(t, whole, cluster.Preparation{Outliers: cluster.Outliers{Policy: cluster.OutliersWinsorise, Tail: 0.1}}, 2)
	if got := tails.Rows.Matrix.Values; got[0] != 2 || got[10] != 10 || tails.Rows.Moved[0] != 2 || tails.Warnings[0].Reason != cluster.ReasonWinsorised {
		t.Errorf("%v, %v", got, tails.Warnings)
	}
	constant := matrix(t, []string{"a", "b"}, []float64{1, 7, 2, 7, 3, 7})
	kept := fitted(t, constant, cluster.Preparation{Scaling: cluster.ScaleStandard, Constant: cluster.ConstantKeep}, 2)
	if len(kept.Warnings) != 1 || kept.Warnings[0].Column != "b" || kept.Rows.Matrix.Row(0)[1] != 0 {
		t.Errorf("%+v", kept.Warnings)
	}
	if plain := fitted(t, constant, cluster.Preparation{}, 2); len(plain.Warnings) != 1 || plain.Warnings[0].Reason != cluster.ReasonConstantColumn {
		t.Errorf("%+v", plain.Warnings)
	}
	mostly := matrix(t, []string{"a"}, []float64{0, 0, 0, 0, 0, 0, 0, 9})
	for name, c := range map[string]struct {
		m      cluster.Matrix
		p      cluster.Preparation
		reason string
		says   string
	}{
		"missing":    {m, cluster.Preparation{}, "VALUE_MISSING", "row 2, column b"},
		"infinite":   {matrix(t, []string{"a"}, []float64{1, math.Inf(1)}), cluster.Preparation{Missing: cluster.MissingMedian}, "NUMBER_NOT_FINITE", "row 2, column a"},
		"none there": {matrix(t, []string{"a"}, []float64{nan, nan}), cluster.Preparation{Missing: cluster.MissingMedian}, "VALUE_MISSING", "columns.a"},
		"all drop":   {matrix(t, []string{"a"}, []float64{nan, nan}), cluster.Preparation{Missing: cluster.MissingDrop}, "VALUE_MISSING", "columns.a"},
		"constant":   {constant, cluster.Preparation{Scaling: cluster.ScaleMinMax}, "CONSTANT_COLUMN", "columns.b"},
		"quartiles":  {mostly, cluster.Preparation{Scaling: cluster.ScaleRobust}, "SPREAD_ZERO", "columns.a"},
		"outlier":    {whole, cluster.Preparation{Outliers: cluster.Outliers{Policy: cluster.OutliersRefuse, Z: 3}}, "OUTLIER", "row 11, column a"},
		"tail":       {whole, cluster.Preparation{Outliers: cluster.Outliers{Policy: cluster.OutliersWinsorise, Tail: 0.5}}, "INVALID_FIELD", "outliers.tail"},
		"z":          {whole, cluster.Preparation{Outliers: cluster.Outliers{Policy: cluster.OutliersRefuse}}, "INVALID_FIELD", "outliers.z"},
		"unused":     {whole, cluster.Preparation{Outliers: cluster.Outliers{Z: 3}}, "INVALID_FIELD", "outliers.z"},
		"policy":     {whole, cluster.Preparation{Outliers: cluster.Outliers{Policy: "cut"}}, "INVALID_FIELD", "outliers.policy"},
		"scaling":    {whole, cluster.Preparation{Scaling: "log"}, "INVALID_FIELD", "scaling"},
		"policy 2":   {whole, cluster.Preparation{Missing: "zero"}, "INVALID_FIELD", "missing"},
		"policy 3":   {whole, cluster.Preparation{Constant: "drop"}, "INVALID_FIELD", "constant"},
	} {
		_, err := cluster.Fit(t.Context(), c.m, c.p, cluster.Options{K: 1})
		if fault.ReasonOf(err) != c.reason || fault.KindOf(err) != fault.InvalidArgument || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestModelIsAValue: a model that was written down and read back assigns every row of
// its division to its cluster.
func TestModelIsAValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, false)
		f := fitted(t, m, cluster.Preparation{Scaling: rapid.SampledFrom(scalings).Draw(t, "scaling"), Missing: cluster.MissingMedian, Outliers: cluster.Outliers{Policy: cluster.OutliersWinsorise, Tail: 0.05}}, 3)
		text, err := json.Marshal(f.Model)
		if err != nil {
			t.Fatal(err)
		}
		var back cluster.Model
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(&back, f.Model) {
			t.Fatalf("%v: %+v, was %+v", err, back, f.Model)
		}
		labels, rows, err := back.AssignAll(m)
		if err != nil || !slices.Equal(labels, f.Division.Labels) {
			t.Fatalf("%v: %v, want %v", err, labels, f.Division.Labels)
		}
		for i := range min(20, m.Rows()) {
			a, err := back.Assign(m.Row(i))
			if err != nil || a.Label != labels[i] || a.Distance > a.NextDistance || a.Next == a.Label {
				t.Fatalf("%v: %+v, want %d", err, a, labels[i])
			}
			var distances []float64
			for c := back.Centres; len(c) > 0; c = c[m.Columns():] {
				distances = append(distances, math.Sqrt(squared(rows.Matrix.Row(i), c[:m.Columns()])))
			}
			slices.Sort(distances)
			if !near(a.Distance, distances[0], 1e-12) || !near(a.NextDistance, distances[1], 1e-12) {
				t.Fatalf("%+v, want %v", a, distances)
			}
		}
	})
}

// TestExplain: contributions add up, and each change of one column leads to the
// cluster it names, and no smaller one leads anywhere.
func TestExplain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, false)
		f := fitted(t, m, cluster.Preparation{Scaling: rapid.SampledFrom(scalings).Draw(t, "scaling")}, 4)
		row := m.Row(rapid.IntRange(0, m.Rows()-1).Draw(t, "row"))
		e, err := f.Model.Explain(row)
		if err != nil {
			t.Fatal(err)
		}
		var sum float64
		for _, feature := range e.Features {
			sum += feature.Contribution
		}
		if difference := e.NextDistance*e.NextDistance - e.Distance*e.Distance; math.Abs(sum-difference) > 1e-9*(1+e.NextDistance*e.NextDistance) || len(e.Features) != m.Columns() {
			t.Fatalf("contributions add up to %v, the difference is %v", sum, difference)
		}
		for i, change := range e.Changes {
			if i > 0 && math.Abs(change.Scaled) < math.Abs(e.Changes[i-1].Scaled) {
				t.Fatalf("%+v are not in order", e.Changes)
			}
			moved, at := slices.Clone(row), slices.Index(m.Names, change.Column)
			for share, want := range map[float64]int{1 + 1e-6: change.Label, 1 - 1e-6: e.Label, 0.5: e.Label} {
				moved[at] = row[at] + share*(change.To-change.From)
				if a, err := f.Model.Assign(moved); err != nil || a.Label != want {
					t.Fatalf("%v: with %s at %v the row is in %d, want %d; %+v", err, change.Column, moved[at], a.Label, want, e)
				}
			}
		}
	})
	f := fitted(t, matrix(t, []string{"a"}, []float64{0, 1, 9, 10}), cluster.Preparation{}, 2)
	e, err := f.Model.Explain([]float64{2})
	if err != nil || len(e.Changes) != 1 || e.Changes[0].To != 5 || e.Changes[0].Label == e.Label || e.Distance != 1.5 || e.NextDistance != 7.5 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestExplainWithBounds(t *testing.T) {
	values := []float64{0, 0, 1, 1, 0, 0, 10, 1, 11, 1, 10, 0} // b is never far enough to decide
	f := fitted(t, matrix(t, []string{"a", "b"}, values), cluster.Preparation{Missing: cluster.MissingMedian, Outliers: cluster.Outliers{Policy: cluster.OutliersWinsorise, Tail: 0.1}}, 2)
	e, err := f.Model.Explain([]float64{-50, math.NaN()})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Changes) != 1 || e.Changes[0].Column != "a" || e.Changes[0].From != -50 {
		t.Errorf("%+v", e.Changes)
	}
	for _, change := range e.Changes {
		s := f.Model.Scaler
		if j := slices.Index(s.Names, change.Column); change.To < s.Low[j] || change.To > s.High[j] || math.IsNaN(change.From) {
			t.Errorf("%+v cannot be reached", change)
		}
	}
	if _, err := json.Marshal(e); err != nil {
		t.Error(err)
	}
}

func TestModelRefuses(t *testing.T) {
	f := fitted(t, iris(t), cluster.Preparation{Scaling: cluster.ScaleStandard}, 3)
	for _, row := range [][]float64{nil, {1, 2, 3}, {1, 2, 3, math.NaN()}, {1, 2, 3, math.Inf(1)}, {1, 2, 3, 1e101}} {
		if _, err := f.Model.Assign(row); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", row, err)
		}
		if _, err := f.Model.Explain(row); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", row, err)
		}
	}
	if _, _, err := f.Model.AssignAll(matrix(t, names(4), []float64{1, 2, 3, 4})); fault.KindOf(err) != fault.InvalidArgument {
		t.Error(err)
	}
	for name, damage := range map[string]func(*cluster.Model){
		"centres":  func(m *cluster.Model) { m.Centres = m.Centres[:4] },
		"NaN":      func(m *cluster.Model) { m.Centres = slices.Clone(m.Centres); m.Centres[0] = math.NaN() },
		"labels":   func(m *cluster.Model) { m.Labels = []int{0, 0, 1} },
		"label":    func(m *cluster.Model) { m.Labels = []int{0, 1, 3} },
		"scale":    func(m *cluster.Model) { m.Scaler.Scale = []float64{1, 0, 1, 1} },
		"no scale": func(m *cluster.Model) { m.Scaler.Scale = nil },
		"names":    func(m *cluster.Model) { m.Scaler.Names = nil },
		"fill":     func(m *cluster.Model) { m.Scaler.Preparation.Missing = cluster.MissingMedian },
		"bounds": func(m *cluster.Model) {
			m.Scaler.Preparation.Outliers = cluster.Outliers{Policy: cluster.OutliersRefuse, Z: 2}
		},
	} {
		m := *f.Model
		damage(&m)
		if _, err := m.Assign([]float64{1, 2, 3, 4}); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}
