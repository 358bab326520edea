package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"
)

func names(d int) (all []string) {
	for j := range d {
		all = append(all, fmt.Sprint("x", j))
	}
	return all
}

// drawn is a matrix of n rows: of small whole numbers, in which many rows are equally
// near to several centres, or of groups that overlap.
func drawn(t *rapid.T, whole bool) cluster.Matrix {
	seed, n := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(12, 300).Draw(t, "n")
	d := rapid.SampledFrom([]int{1, 2, 3, 5, 8, 9}).Draw(t, "d")
	draw := rand.New(rand.NewPCG(seed, 0))
	values := make([]float64, n*d)
	for i := range values {
		if values[i] = draw.NormFloat64() + 3*float64((i/d)%4); whole {
			values[i] = float64(draw.IntN(6))
		}
	}
	for i := range 8 { // so that there are eight that differ
		values[i*d] = float64(i)
	}
	return cluster.Matrix{Names: names(d), Values: values}
}

func run(t rapid.TB, m cluster.Matrix, o cluster.Options) *cluster.Result {
	t.Helper()
	r, err := cluster.KMeans(context.Background(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMarginsChangeNothing: the result is that of comparing all rows with all centres.
func TestMarginsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, rapid.Bool().Draw(t, "whole"))
		k, iterations := rapid.IntRange(1, 7).Draw(t, "k"), rapid.IntRange(1, 30).Draw(t, "iterations")
		labels, inertia := plainLloyd(m, m.Values[:k*m.Columns()], k, iterations)
		if math.IsNaN(inertia) {
			t.Skip("a cluster lost all rows")
		}
		got, err := cluster.KMeans(context.Background(), m, cluster.Options{K: k, Init: cluster.InitFirst, Iterations: iterations})
		if err != nil || !slices.Equal(got.Labels, labels) || !near(got.Inertia, inertia, 1e-12) {
			t.Fatalf("%v\n%v, inertia %v\nwant\n%v, inertia %v", err, got.Labels, got.Inertia, labels, inertia)
		}
	})
}

func TestInertiaNeverRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, false)
		before := math.Inf(1)
		for iterations := 1; iterations < 12; iterations++ {
			r := run(t, m, cluster.Options{K: 5, Init: cluster.InitFirst, Iterations: iterations})
			if r.Inertia > before*(1+1e-12) {
				t.Fatalf("%v after %d iterations, %v before", r.Inertia, iterations, before)
			}
			if before = r.Inertia; r.Converged {
				return
			}
			if len(r.Warnings) != 1 || r.Warnings[0].Reason != cluster.ReasonNotConverged || r.Iterations != iterations {
				t.Fatalf("after %d iterations: %d, %v", iterations, r.Iterations, r.Warnings)
			}
		}
	})
}

// TestAtRest: where no row changes its cluster, each is with the nearest centre, and
// each centre is the mean of its rows.
func TestAtRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, rapid.Bool().Draw(t, "whole"))
		k, d := rapid.IntRange(1, 6).Draw(t, "k"), m.Columns()
		r := run(t, m, cluster.Options{K: k, Starts: 2, Seed: rapid.Uint64().Draw(t, "start")})
		if !r.Converged {
			t.Fatalf("after %d iterations: %v", r.Iterations, r.Warnings)
		}
		sums, counts, inertia := make([]float64, k*d), make([]int64, k), 0.0
		for i, label := range r.Labels {
			own := squared(m.Row(i), r.Centre(label))
			for j := range k {
				if squared(m.Row(i), r.Centre(j)) < own {
					t.Fatalf("row %d is nearer to %d than to %d", i, j, label)
				}
			}
			inertia += own
			counts[label]++
			for j, v := range m.Row(i) {
				sums[label*d+j] += v
			}
		}
		for i := range sums {
			if !near(sums[i]/float64(counts[i/d]), r.Centres[i], 1e-12) {
				t.Fatalf("centre %v, mean %v", r.Centres[i], sums[i]/float64(counts[i/d]))
			}
		}
		if !slices.Equal(counts, r.Sizes) || !near(inertia, r.Inertia, 1e-12) {
			t.Fatalf("%v, %v; want %v, %v", r.Sizes, r.Inertia, counts, inertia)
		}
	})
}

// TestOrderDoesNotMatter: other orders of rows and columns give the same clusters.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, false)
		n, d := m.Rows(), m.Columns()
		draw := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
		rows, columns := draw.Perm(n), draw.Perm(d)
		k := 4
		other := cluster.Matrix{Names: m.Names, Values: make([]float64, n*d)}
		given, otherGiven := m.Values[:k*d], make([]float64, k*d)
		for i := range n {
			for j := range d {
				other.Values[i*d+j] = m.Values[rows[i]*d+columns[j]]
				if i < k {
					otherGiven[i*d+j] = given[i*d+columns[j]]
				}
			}
		}
		a := run(t, m, cluster.Options{K: k, Init: cluster.InitGiven, Centres: given})
		b := run(t, other, cluster.Options{K: k, Init: cluster.InitGiven, Centres: otherGiven})
		if !near(a.Inertia, b.Inertia, 1e-9) {
			t.Fatalf("inertia %v and %v", a.Inertia, b.Inertia)
		}
		for i, row := range rows {
			if a.Labels[row] != b.Labels[i] {
				t.Fatalf("row %d: %d and %d", row, a.Labels[row], b.Labels[i])
			}
		}
	})
}

func TestWorkersDoNotMatter(t *testing.T) {
	for _, d := range []int{2, 3, 8} {
		m := shopLike(20_000, d, 6)
		for _, seed := range []uint64{1, 2} {
			o := cluster.Options{K: 6, Starts: 2, Iterations: 8, Seed: seed, Workers: 1}
			one := run(t, m, o)
			o.Workers = 4
			if four := run(t, m, o); !reflect.DeepEqual(one, four) {
				t.Errorf("d %d, seed %d: 1 and 4 workers differ: inertia %v and %v", d, seed, one.Inertia, four.Inertia)
			}
			a, err := cluster.MiniBatch(t.Context(), m, o, 0)
			if err != nil {
				t.Fatal(err)
			}
			o.Workers = 1
			if b, err := cluster.MiniBatch(t.Context(), m, o, 0); err != nil || !reflect.DeepEqual(a, b) {
				t.Errorf("d %d, seed %d: batches with 1 and 4 workers differ, %v", d, seed, err)
			}
		}
	}
}

// TestEmptyClustersAreFilled: equal first rows leave all but one of their clusters
// without rows, which then go on elsewhere.
func TestEmptyClustersAreFilled(t *testing.T) {
	m := matrix(t, names(2), []float64{1, 1, 1, 1, 1, 1, 9, 9, 9, 8, -5, 3, -5, 4, 20, 0})
	r := run(t, m, cluster.Options{K: 4, Init: cluster.InitFirst})
	if !r.Converged || slices.Min(r.Sizes) < 1 || !near(r.Inertia, 1, 1e-12) {
		t.Errorf("%+v", r)
	}
	// The row farthest from its centre is the only one there: it stays.
	alone := run(t, matrix(t, names(1), []float64{0, 1, 40}), cluster.Options{K: 3, Init: cluster.InitGiven, Centres: []float64{0, 1000, 60}})
	if !slices.Equal(alone.Labels, []int{0, 1, 2}) {
		t.Errorf("%+v", alone)
	}
	draw := rand.New(rand.NewPCG(3, 3))
	rapid.Check(t, func(t *rapid.T) { // rows that repeat a lot
		values := make([]float64, 60)
		distinct := map[[2]float64]bool{}
		for i := range values {
			values[i] = float64(draw.IntN(4))
		}
		for i := 0; i < len(values); i += 2 {
			distinct[[2]float64{values[i], values[i+1]}] = true
		}
		k := rapid.IntRange(1, len(distinct)).Draw(t, "k")
		r := run(t, cluster.Matrix{Names: names(2), Values: values}, cluster.Options{K: k, Init: cluster.InitFirst})
		if slices.Min(r.Sizes) < 1 {
			t.Fatalf("sizes %v, %v", r.Sizes, r.Warnings)
		}
	})
}

func TestKMeansStops(t *testing.T) {
	m := shopLike(20_000, 3, 5)
	ctx, cancel := context.WithCancel(t.Context())
	var seen []cluster.Progress
	_, err := cluster.KMeans(ctx, m, cluster.Options{K: 5, Report: func(p cluster.Progress) {
		if seen = append(seen, p); len(seen) == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(seen) != 3 || seen[2].Iteration != 3 || seen[2].Starts != cluster.DefaultStarts {
		t.Errorf("%v, %+v", err, seen)
	}
	for _, f := range []func() (*cluster.Result, error){
		func() (*cluster.Result, error) { return cluster.MiniBatch(ctx, m, cluster.Options{K: 5}, 0) },
		func() (*cluster.Result, error) { return cluster.KMeans(ctx, m, cluster.Options{K: 5}) },
	} {
		if _, err := f(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestToleranceEndsEarlier(t *testing.T) {
	m := shopLike(5000, 2, 4)
	exact := run(t, m, cluster.Options{K: 6, Init: cluster.InitFirst})
	soon := run(t, m, cluster.Options{K: 6, Init: cluster.InitFirst, Tolerance: 0.05})
	if !soon.Converged || soon.Iterations >= exact.Iterations || soon.Inertia < exact.Inertia {
		t.Errorf("%d iterations to %v, exact %d to %v", soon.Iterations, soon.Inertia, exact.Iterations, exact.Inertia)
	}
}

func TestMiniBatchIsNear(t *testing.T) {
	m := shopLike(20_000, 3, 5)
	whole := run(t, m, cluster.Options{K: 5, Seed: 1})
	for _, seed := range []uint64{1, 2} {
		r, err := cluster.MiniBatch(t.Context(), m, cluster.Options{K: 5, Seed: seed}, 0)
		if err != nil || r.Inertia > 1.03*whole.Inertia || r.Inertia < whole.Inertia*(1-1e-9) {
			t.Errorf("%v: inertia %v, of all rows %v", err, r.Inertia, whole.Inertia)
		}
		r, err = cluster.MiniBatch(t.Context(), m, cluster.Options{K: 5, Seed: seed, Starts: 3, Iterations: 3000}, 24)
		if err != nil || r.Inertia > 1.05*whole.Inertia {
			t.Errorf("%v: inertia %v of small batches, of all rows %v", err, r.Inertia, whole.Inertia)
		}
	}
}

func TestKMeansRefuses(t *testing.T) {
	good := []float64{1, 2, 3, 4, 5, 6, 7, 8}
	for name, c := range map[string]struct {
		m      cluster.Matrix
		o      cluster.Options
		reason string
		says   string
	}{
		"k 0":             {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{}, "INVALID_FIELD", "k"},
		"k −1":            {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: -1}, "INVALID_FIELD", "k"},
		"k too large":     {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: cluster.MaxClusters + 1}, "INVALID_FIELD", "k"},
		"k over n":        {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 5}, "TOO_FEW_ROWS", "k: must be at most 4"},
		"k over distinct": {cluster.Matrix{Names: names(1), Values: []float64{0, math.Copysign(0, -1), 1, 1}}, cluster.Options{K: 3}, "TOO_FEW_DISTINCT_ROWS", "k: must be at most 2"},
		"no columns":      {cluster.Matrix{Values: good}, cluster.Options{K: 1}, "INVALID_FIELD", "columns"},
		"no rows":         {cluster.Matrix{Names: names(2)}, cluster.Options{K: 1}, "TOO_FEW_ROWS", "rows"},
		"ragged":          {cluster.Matrix{Names: names(3), Values: good}, cluster.Options{K: 1}, "INVALID_FIELD", "values"},
		"name twice":      {cluster.Matrix{Names: []string{"a", "a"}, Values: good}, cluster.Options{K: 1}, "INVALID_FIELD", `"a"`},
		"no name":         {cluster.Matrix{Names: []string{"a", " "}, Values: good}, cluster.Options{K: 1}, "INVALID_FIELD", "columns[1]"},
		"NaN":             {cluster.Matrix{Names: names(2), Values: []float64{1, 2, math.NaN(), 4}}, cluster.Options{K: 1}, "VALUE_MISSING", "row 2, column x0"},
		"Inf":             {cluster.Matrix{Names: names(2), Values: []float64{1, math.Inf(-1)}}, cluster.Options{K: 1}, "NUMBER_NOT_FINITE", "row 1, column x1"},
		"too large":       {cluster.Matrix{Names: names(2), Values: []float64{1, 2e100}}, cluster.Options{K: 1}, "NUMBER_NOT_FINITE", "column x1"},
		"init":            {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 1, Init: "random"}, "INVALID_FIELD", "init"},
		"starts":          {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 1, Starts: -1}, "INVALID_FIELD", "starts"},
		"iterations":      {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 1, Iterations: cluster.MaxIterations + 1}, "INVALID_FIELD", "iterations"},
		"tolerance":       {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 1, Tolerance: math.NaN()}, "INVALID_FIELD", "tolerance"},
		"centres":         {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 2, Init: cluster.InitGiven, Centres: good[:2]}, "INVALID_FIELD", "centres"},
		"centres NaN":     {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 1, Init: cluster.InitGiven, Centres: []float64{1, math.NaN()}}, "VALUE_MISSING", "centres"},
		"centres unasked": {cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 1, Centres: good[:2]}, "INVALID_FIELD", "centres"},
	} {
		for kind, f := range map[string]func() (*cluster.Result, error){
			"all rows": func() (*cluster.Result, error) { return cluster.KMeans(t.Context(), c.m, c.o) },
			"batches":  func() (*cluster.Result, error) { return cluster.MiniBatch(t.Context(), c.m, c.o, 2) },
		} {
			if _, err := f(); fault.ReasonOf(err) != c.reason || fault.KindOf(err) != fault.InvalidArgument || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
		}
	}
	if _, err := cluster.MiniBatch(t.Context(), cluster.Matrix{Names: names(2), Values: good}, cluster.Options{K: 1}, -1); fault.KindOf(err) != fault.InvalidArgument {
		t.Error(err)
	}
}
