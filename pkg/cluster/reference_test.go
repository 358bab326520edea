package cluster_test

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/refdata"
)

// reference are figures of scikit-learn on the iris data.
type reference struct {
	K                int         `json:"k"`
	FirstInertia     float64     `json:"first_k_rows_init_inertia"`
	FirstIterations  int         `json:"first_k_rows_iters"`
	FirstSizes       []int64     `json:"first_k_rows_sizes"`
	BestInertia      float64     `json:"best_of_100_inertia"`
	BestSizes        []int64     `json:"best_sizes"`
	BestCentres      [][]float64 `json:"best_centers"`
	DaviesBouldin    float64     `json:"davies_bouldin"`
	CalinskiHarabasz float64     `json:"calinski_harabasz"`
	Silhouette       float64     `json:"silhouette_full"`
}

func references(t *testing.T) []reference {
	t.Helper()
	var all struct {
		K2 reference `json:"iris_k2"`
		K3 reference `json:"iris_k3"`
		K4 reference `json:"iris_k4"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &all)
	return []reference{all.K2, all.K3, all.K4}
}

func iris(t testing.TB) cluster.Matrix {
	t.Helper()
	rows := refdata.CSV(t, "data/iris.csv")
	var values []float64
	for _, row := range rows[1:] {
		for _, cell := range row[:4] {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, v)
		}
	}
	return matrix(t, rows[0][:4], values)
}

func matrix(t testing.TB, names []string, values []float64) cluster.Matrix {
	t.Helper()
	m, err := cluster.NewMatrix(names, values)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(1, math.Abs(b))
}

func sorted(sizes []int64) []int64 { return slices.Sorted(slices.Values(sizes)) }

func TestKMeansReference(t *testing.T) {
	m := iris(t)
	for _, want := range references(t) {
		for _, tolerance := range []float64{0, cluster.DefaultTolerance} {
			first, err := cluster.KMeans(t.Context(), m, cluster.Options{K: want.K, Init: cluster.InitFirst, Tolerance: tolerance})
			if err != nil {
				t.Fatal(err)
			}
			if !near(first.Inertia, want.FirstInertia, 1e-9) || first.Iterations != want.FirstIterations || !slices.Equal(sorted(first.Sizes), want.FirstSizes) || !first.Converged {
				t.Errorf("k %d from the first rows: inertia %.12f after %d, sizes %v; want %+v", want.K, first.Inertia, first.Iterations, first.Sizes, want)
			}
		}
		for _, seed := range []uint64{1, 2026} {
			best, err := cluster.KMeans(t.Context(), m, cluster.Options{K: want.K, Starts: 100, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			if !near(best.Inertia, want.BestInertia, 1e-9) || !slices.Equal(sorted(best.Sizes), want.BestSizes) {
				t.Errorf("k %d, seed %d: inertia %.12f, sizes %v; want %+v", want.K, seed, best.Inertia, best.Sizes, want)
			}
			for _, centre := range want.BestCentres {
				if !slices.ContainsFunc(rowsOf(best), func(c []float64) bool {
					return slices.EqualFunc(c, centre, func(a, b float64) bool { return near(a, b, 1e-9) })
				}) {
					t.Errorf("k %d, seed %d: no centre at %v in %v", want.K, seed, centre, best.Centres)
				}
			}
		}
	}
}

func rowsOf(r *cluster.Result) (rows [][]float64) {
	for j := range r.K {
		rows = append(rows, r.Centre(j))
	}
	return rows
}
