package cluster_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"
)

// TestMatchUndoesAPermutation: of labels and of models, and labels stay with it.
func TestMatchUndoesAPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, false)
		k := rapid.IntRange(2, 6).Draw(t, "k")
		f := fitted(t, m, cluster.Preparation{Scaling: cluster.ScaleStandard}, k)
		perm := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0)).Perm(k) // new place → old place
		other := *f.Model
		other.Centres = nil
		labels := make([]int, m.Rows())
		for place, old := range perm {
			other.Centres = append(other.Centres, f.Model.Centres[old*m.Columns():(old+1)*m.Columns()]...)
			for i, label := range f.Division.Labels {
				if label == old {
					labels[i] = place
				}
			}
		}
		byLabels, err := cluster.MatchLabels(f.Division.Labels, k, labels, k)
		if err != nil || !slices.Equal(byLabels.Previous, perm) || byLabels.Agreement != 1 || len(byLabels.New)+len(byLabels.Gone) > 0 {
			t.Fatalf("%v: %+v, want %v", err, byLabels, perm)
		}
		byCentres, err := cluster.MatchModels(f.Model, &other)
		if err != nil || !slices.Equal(byCentres.Previous, perm) {
			t.Fatalf("%v: %+v, want %v", err, byCentres, perm)
		}
		next, err := other.Continue(f.Model, byCentres)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := next.AssignAll(m); err != nil || !slices.Equal(got, f.Division.Labels) {
			t.Fatalf("%v: labels are %v, want %v", err, got, f.Division.Labels)
		}
	})
}

// TestMatchIsTheBest of all ways to pair clusters, and uses none twice.
func TestMatchIsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, c := rapid.IntRange(1, 5).Draw(t, "previous"), rapid.IntRange(1, 5).Draw(t, "current")
		n := rapid.IntRange(1, 60).Draw(t, "n")
		previous := rapid.SliceOfN(rapid.IntRange(-1, p-1), n, n).Draw(t, "before")
		current := rapid.SliceOfN(rapid.IntRange(-1, c-1), n, n).Draw(t, "after")
		m, err := cluster.MatchLabels(previous, p, current, c)
		if err != nil {
			t.Fatal(err)
		}
		stays := func(pairs []int) (stay int64) {
			for i, label := range current {
				if label >= 0 && previous[i] >= 0 && pairs[label] == previous[i] {
					stay++
				}
			}
			return stay
		}
		var best int64
		var try func(pairs []int)
		try = func(pairs []int) {
			if len(pairs) == c {
				best = max(best, stays(pairs))
				return
			}
			for before := -1; before < p; before++ {
				if before < 0 || !slices.Contains(pairs, before) {
					try(append(slices.Clone(pairs), before))
				}
			}
		}
		try(nil)
		if got := stays(m.Previous); got != best || !near(m.Agreement*float64(m.Common), float64(got), 1e-9) {
			t.Fatalf("%+v keeps %d rows, %d can stay", m, got, best)
		}
		used := map[int]bool{}
		for _, before := range m.Previous {
			if before >= 0 && used[before] {
				t.Fatalf("%v uses %d twice", m.Previous, before)
			}
			used[before] = true
		}
		if len(m.New)+p-len(m.Gone) != c {
			t.Fatalf("%+v: %d of %d before, %d now", m, p-len(m.Gone), p, c)
		}
	})
}

// TestMatchInUnitsOfThePrevious: a column of large numbers does not decide where it
// varies little for its scale; and a cluster without common rows continues none.
func TestMatchInUnitsOfThePrevious(t *testing.T) {
	model := func(scale, centres []float64) *cluster.Model {
		return &cluster.Model{Scaler: cluster.Scaler{
			Names: []string{"a", "b"}, Centre: []float64{0, 0}, Scale: scale, Preparation: cluster.Preparation{
				Scaling: cluster.ScaleStandard, Missing: cluster.MissingRefuse, Constant: cluster.ConstantRefuse,
				Outliers: cluster.Outliers{Policy: cluster.OutliersKeep},
			},
		}, Centres: centres, Labels: []int{0, 1}, NextLabel: 2}
	}
	previous := model([]float64{1000, 1}, []float64{0, 0, 0.1, 1})
	current := model([]float64{10, 2}, []float64{6, 0, 4, 0.5})
	if match, err := cluster.MatchModels(previous, current); err != nil || !slices.Equal(match.Previous, []int{0, 1}) {
		t.Errorf("%+v, %v", match, err)
	}
	match, err := cluster.MatchLabels([]int{0, 0, -1, 0}, 2, []int{0, 0, 1, -1}, 2)
	if err != nil || !slices.Equal(match.Previous, []int{0, -1}) || !slices.Equal(match.New, []int{1}) || !slices.Equal(match.Gone, []int{1}) || match.Common != 2 || match.Agreement != 1 {
		t.Errorf("%+v, %v", match, err)
	}
}

// TestLabelsAreNotUsedAgain for another cluster when there are more or fewer.
func TestLabelsAreNotUsedAgain(t *testing.T) {
	one := func(values ...float64) *cluster.Model {
		return fitted(t, matrix(t, []string{"a"}, values), cluster.Preparation{}, len(values)).Model
	}
	previous := one(0, 10, 20)
	fewer := one(21, 1)
	match, err := cluster.MatchModels(previous, fewer)
	if err != nil || len(match.Gone) != 1 || len(match.New) != 0 {
		t.Fatalf("%+v, %v", match, err)
	}
	if fewer, err = fewer.Continue(previous, match); err != nil {
		t.Fatal(err)
	}
	label := func(m *cluster.Model, v float64) int {
		a, err := m.Assign([]float64{v})
		if err != nil {
			t.Fatal(err)
		}
		return a.Label
	}
	if label(fewer, 20) != label(previous, 20) || label(fewer, 0) != label(previous, 0) {
		t.Errorf("labels %v, were %v", fewer.Labels, previous.Labels)
	}
	more := one(0, 10, 20, 30)
	if match, err = cluster.MatchModels(fewer, more); err != nil || len(match.New) != 2 {
		t.Fatalf("%+v, %v", match, err)
	}
	if more, err = more.Continue(fewer, match); err != nil || label(more, 20) != label(previous, 20) || label(more, 10) < 3 || label(more, 30) < 3 || more.NextLabel != 5 {
		t.Errorf("%v, next %d, %v", more.Labels, more.NextLabel, err)
	}
	if _, err := cluster.MatchModels(previous, fitted(t, iris(t), cluster.Preparation{}, 2).Model); fault.KindOf(err) != fault.InvalidArgument {
		t.Error(err)
	}
	for _, bad := range []*cluster.Match{{Previous: []int{0}}, {Previous: []int{0, 1, 2, 7}}, {Previous: []int{0, 0, 1, 2}}} {
		if _, err := more.Continue(previous, bad); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", bad.Previous, err)
		}
	}
	for _, bad := range []struct {
		a, b   []int
		pk, ck int
	}{{[]int{0}, []int{0, 1}, 1, 2}, {[]int{0}, []int{0}, 0, 1}, {[]int{2}, []int{0}, 1, 1}, {[]int{0}, []int{-2}, 1, 1}} {
		if _, err := cluster.MatchLabels(bad.a, bad.pk, bad.b, bad.ck); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
