package stat_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

func TestRankIsThatOfCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Int64Range(0, 999)).Draw(t, "values")
		v := rapid.Int64Range(-5, 1200).Draw(t, "v")
		h := stat.Histogram{Digits: 3}
		var below, same int64
		for _, x := range values {
			h.Add(x)
			switch {
			case x < v:
				below++
			case x == v:
				same++
			}
		}
		if b, s := h.Rank(v); b != below || s != same {
			t.Fatalf("rank of %d: %d below, %d the same; counted %d, %d", v, b, s, below, same)
		}
		p, known := h.PercentileRank(v)
		if known != (len(values) > 0) || p < 0 || p > 100 {
			t.Fatalf("percentile rank %v, %v", p, known)
		}
	})
}

func TestPercentileRankOfTies(t *testing.T) {
	h := stat.Histogram{Digits: 3}
	for _, v := range []int64{0, 0, 0, 0, 0, 0, 0, 0, 2, 5} {
		h.Add(v)
	}
	for v, want := range map[int64]float64{0: 40, 1: 80, 2: 85, 5: 95, 6: 100} {
		if got, _ := h.PercentileRank(v); got != want {
			t.Errorf("percentile rank of %d is %v, want %v", v, got, want)
		}
	}
}

func TestAtRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 999), 1, 50).Draw(t, "values")
		h := stat.Histogram{Digits: 3}
		for _, v := range values {
			h.Add(v)
		}
		slices.Sort(values)
		for i, v := range values {
			if got := h.AtRank(int64(i + 1)); got != v {
				t.Fatalf("rank %d is %d, want %d", i+1, got, v)
			}
		}
		if h.AtRank(0) != values[0] || h.AtRank(99) != values[len(values)-1] {
			t.Fatalf("%d and %d", h.AtRank(0), h.AtRank(99))
		}
	})
	if empty := (&stat.Histogram{Digits: 3}); empty.AtRank(1) != 0 {
		t.Error("of none")
	}
}
