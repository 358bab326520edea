package stat_test

import (
	"context"
	"testing"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/pkg/stat"
)

// TestClustersOfIris: the best three clusters of iris agree with the species as the
// reference says, and in resamples the one that stands apart is found again always.
func TestClustersOfIris(t *testing.T) {
	var want struct {
		ARI float64 `json:"iris_k3_ari_vs_species"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &want)
	columns := iris(t)
	var values []float64
	var species []int
	for s := range 3 {
		for i := range columns[0][s] {
			for c := range columns {
				values = append(values, columns[c][s][i])
			}
			species = append(species, s)
		}
	}
	names := []string{"sepal_l", "sepal_w", "petal_l", "petal_w"}
	divide := func(ctx context.Context, rows []int) ([]int, error) {
		var drawn []float64
		for _, row := range rows {
			drawn = append(drawn, values[4*row:4*row+4]...)
		}
		r, err := cluster.KMeans(ctx, cluster.Matrix{Names: names, Values: drawn}, cluster.Options{K: 3, Init: cluster.InitPlusPlus, Starts: 10, Seed: 7})
		if err != nil {
			return nil, err
		}
		return r.Labels, nil
	}
	all := make([]int, len(species))
	for i := range all {
		all[i] = i
	}
	labels, err := divide(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	if ari, err := stat.AdjustedRand(labels, species); err != nil || !relative(ari, want.ARI, 1e-9) {
		t.Errorf("%v %v, want %v", ari, err, want.ARI)
	}
	for _, seed := range []uint64{1, 2} {
		s, err := stat.BootstrapJaccard(t.Context(), labels, divide, stat.Bootstrap{Resamples: 50, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		apart := labels[0] // setosa
		for _, c := range s.Clusters {
			t.Logf("seed %d, cluster %d of %d: %.3f (%.3f to %.3f)", seed, c.Label, c.Size, c.Jaccard, c.Low, c.High)
			if c.Jaccard < 0.75 || c.Label == apart && c.Jaccard < 0.99 || c.Label != apart && c.Jaccard > 0.98 {
				t.Errorf("%+v", c)
			}
		}
		if s.AdjustedRand < 0.8 || s.AdjustedRand > 0.99 {
			t.Errorf("adjusted Rand %v", s.AdjustedRand)
		}
	}
}
