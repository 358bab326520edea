package cluster_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"
)

func TestIndicesReference(t *testing.T) {
	m := iris(t)
	for _, want := range references(t) {
		best := run(t, m, cluster.Options{K: want.K, Starts: 100, Seed: 5})
		x, err := cluster.IndicesOf(m, best.Labels, best.K)
		if err != nil {
			t.Fatal(err)
		}
		s, err := cluster.SilhouetteOf(t.Context(), m, best.Labels, best.K, cluster.SilhouetteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !near(*x.DaviesBouldin, want.DaviesBouldin, 1e-9) || !near(*x.CalinskiHarabasz, want.CalinskiHarabasz, 1e-9) ||
			!near(s.Mean, want.Silhouette, 1e-9) || s.SampleSize != 150 || s.Sampled {
			t.Errorf("k %d: %v, %v, %+v; want %+v", want.K, *x.DaviesBouldin, *x.CalinskiHarabasz, s, want)
		}
	}
}

// TestSilhouetteFollowsItsDefinition, and stays within its bounds, for any labels.
func TestSilhouetteFollowsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, rapid.Bool().Draw(t, "whole"))
		const k = 4
		labels := rapid.SliceOfN(rapid.IntRange(0, k-1), m.Rows(), m.Rows()).Draw(t, "labels")
		s, err := cluster.SilhouetteOf(context.Background(), m, labels, k, cluster.SilhouetteOptions{Workers: 2})
		if fault.ReasonOf(err) == cluster.ReasonSingleCluster {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var counts, clusters [k]float64
		for _, label := range labels {
			counts[label]++
		}
		var mean float64
		for i, label := range labels {
			var sums [k]float64
			for other := range labels {
				sums[labels[other]] += math.Sqrt(squared(m.Row(i), m.Row(other)))
			}
			a, b := sums[label]/(counts[label]-1), math.Inf(1)
			for j, n := range counts {
				if j != label && n > 0 {
					b = min(b, sums[j]/n)
				}
			}
			if counts[label] > 1 && max(a, b) > 0 {
				mean += (b - a) / max(a, b) / float64(len(labels))
				clusters[label] += (b - a) / max(a, b) / counts[label]
			}
		}
		if !near(s.Mean, mean, 1e-9) || s.Mean < -1 || s.Mean > 1 {
			t.Fatalf("%v, want %v", s.Mean, mean)
		}
		for j, of := range clusters {
			if !near(s.Clusters[j], of, 1e-9) {
				t.Fatalf("cluster %d: %v, want %v", j, s.Clusters[j], of)
			}
		}
	})
}

func TestSampledSilhouetteIsNear(t *testing.T) {
	m := shopLike(6000, 3, 4)
	for i := range 50 { // a small cluster far away, which a plain sample might miss
		copy(m.Row(i), []float64{60 + float64(i%5), 60, 60})
	}
	r := run(t, m, cluster.Options{K: 5, Seed: 1})
	exact, err := cluster.SilhouetteOf(t.Context(), m, r.Labels, r.K, cluster.SilhouetteOptions{Rows: 6000})
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range []uint64{1, 2, 3} {
		s, err := cluster.SilhouetteOf(t.Context(), m, r.Labels, r.K, cluster.SilhouetteOptions{Rows: 1500, Seed: seed})
		if err != nil || !s.Sampled || s.SampleSize < 1510 || s.SampleSize > 1540 || math.Abs(s.Mean-exact.Mean) > 0.02 {
			t.Fatalf("%v: %+v, exact %+v", err, s, exact)
		}
		for j := range s.Clusters {
			if math.Abs(s.Clusters[j]-exact.Clusters[j]) > 0.08 {
				t.Errorf("cluster %d: %v, exact %v", j, s.Clusters[j], exact.Clusters[j])
			}
		}
	}
}

func TestIndicesWithoutValue(t *testing.T) {
	m := matrix(t, names(1), []float64{1, 1, 2, 2})
	x, err := cluster.IndicesOf(m, []int{0, 0, 1, 1}, 2)
	if err != nil || x.CalinskiHarabasz != nil || *x.DaviesBouldin != 0 || x.Warnings[0].Reason != cluster.ReasonIndexUndefined {
		t.Errorf("%+v, %v", x, err)
	}
	if x, err = cluster.IndicesOf(m, []int{0, 1, 0, 1}, 2); err != nil || x.DaviesBouldin != nil || *x.CalinskiHarabasz != 0 {
		t.Errorf("%+v, %v", x, err)
	}
	for _, labels := range [][]int{{0, 0, 0, 0}, {0, 0, 1}, {0, 0, 1, 2}, {0, 0, 1, -1}} {
		if _, err := cluster.IndicesOf(m, labels, 2); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", labels, err)
		}
		if _, err := cluster.SilhouetteOf(t.Context(), m, labels, 2, cluster.SilhouetteOptions{}); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", labels, err)
		}
	}
}

func TestElbow(t *testing.T) {
	for name, c := range map[string]struct {
		inertias []float64
		want     int
	}{
		"bend at 3": {[]float64{100, 60, 20, 15, 10, 5}, 3},
		"straight":  {[]float64{50, 40, 30, 20, 10}, 0},
		"two":       {[]float64{50, 40}, 0},
		"level":     {[]float64{5, 5, 5}, 0},
	} {
		var ks []int
		for i := range c.inertias {
			ks = append(ks, i+1)
		}
		if k, found, err := cluster.ElbowOf(ks, c.inertias); err != nil || k != c.want || found != (k > 0) {
			t.Errorf("%s: %d, %v", name, k, err)
		}
	}
	for _, bad := range [][]float64{{1}, {1, math.NaN()}, {1, -1}} {
		if _, _, err := cluster.ElbowOf([]int{1, 2}, bad); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	if _, _, err := cluster.ElbowOf([]int{2, 2}, []float64{2, 1}); err == nil {
		t.Error("the same k twice is taken")
	}
}

func TestRecommend(t *testing.T) {
	draw := rand.New(rand.NewPCG(11, 0))
	var apart, cloud []float64
	for i := range 600 {
		apart = append(apart, 10*float64(i%3)+draw.NormFloat64(), 10*float64(i%3%2)+draw.NormFloat64())
		cloud = append(cloud, draw.NormFloat64(), draw.NormFloat64(), draw.NormFloat64(), draw.NormFloat64(), draw.NormFloat64(), draw.NormFloat64())
	}
	for _, c := range []struct {
		m      cluster.Matrix
		k      int
		reason cluster.Ground
		says   string
	}{
		{matrix(t, names(2), apart), 3, cluster.RecommendedBoth, "建议分 3 类"},
		{iris(t), 2, cluster.RecommendedBoth, "轮廓系数最高（0.68）"},
		{matrix(t, names(6), cloud), 0, cluster.RecommendedWeak, "没有明显的分组"},
	} {
		r, err := cluster.Recommend(t.Context(), c.m, cluster.RecommendOptions{KMin: 2, KMax: 8, Options: cluster.Options{Seed: 1, Starts: 5}})
		if err != nil {
			t.Fatal(err)
		}
		if r.Reason != c.reason || (c.k > 0 && r.K != c.k) || len(r.Candidates) != 7 || !strings.Contains(r.Chinese, c.says) || r.English == "" {
			t.Errorf("want %d, %s: %+v", c.k, c.reason, r)
		}
		for i, candidate := range r.Candidates[1:] {
			if candidate.Inertia > r.Candidates[i].Inertia {
				t.Errorf("inertia rises at %d clusters", candidate.K)
			}
		}
	}
	m := iris(t)
	for _, o := range []cluster.RecommendOptions{
		{KMin: 1, KMax: 3}, {KMin: 3, KMax: 2}, {KMin: 2, KMax: 52}, {KMin: 2, KMax: 3, Options: cluster.Options{Init: cluster.InitGiven}},
		{KMin: 140, KMax: 150}, // of 149 distinct rows
	} {
		if _, err := cluster.Recommend(t.Context(), m, o); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
