package stat

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// fewInGroup is the size of a group below which χ² is a rough approximation of
// the distribution of H (Kruskal & Wallis 1952).
const fewInGroup = 5

// KruskalWallisTest is the outcome of KruskalWallis.
type KruskalWallisTest struct {
	H              float64   `json:"h"` // corrected for ties
	DF             int64     `json:"df"`
	P              float64   `json:"p_value"` // by the χ² approximation
	EpsilonSquared float64   `json:"epsilon_squared"`
	TieCorrection  float64   `json:"tie_correction"` // what H was divided by; 1 without ties
	MeanRanks      []float64 `json:"mean_ranks"`     // of each group, from 1
	N              int64     `json:"n"`
	Warnings       []Warning `json:"warnings"`
}

// KruskalWallis tests whether values of one group tend to be greater than those of
// another, by their ranks alone, so that outliers and skew do not matter:
//
//	H = 12/(n(n+1)) · Σ nᵢ(r̄ᵢ−(n+1)/2)² / C,   C = 1 − Σ(t³−t)/(n³−n),   ε² = H/(n−1)
//
// with t the numbers of equal values, which share the middle of their ranks.
// Kruskal & Wallis (1952), JASA 47:583–621; ε²: Tomczak & Tomczak (2014), Trends in
// Sport Sciences 1:19–25. It is refused as OneWayAnova is, but may have groups that
// do not vary within. It sorts a copy of all values.
func KruskalWallis(groups [][]float64) (KruskalWallisTest, error) {
	if err := checkGroups(len(groups)); err != nil {
		return KruskalWallisTest{}, err
	}
	type member struct {
		value float64
		group int
	}
	n := 0
	for i, g := range groups {
		if len(g) == 0 {
			return KruskalWallisTest{}, refuse(ReasonEmptyGroup, "groups", "must each hold a value, group %d holds none", i+1)
		}
		n += len(g)
	}
	all := make([]member, 0, n)
	for i, g := range groups {
		for _, x := range g {
			if !finite(x) {
				return KruskalWallisTest{}, refuse(ReasonInvalid, "groups", "must hold finite numbers, group %d holds %v", i+1, x)
			}
			all = append(all, member{x, i})
		}
	}
	slices.SortFunc(all, func(a, b member) int { return cmp.Compare(a.value, b.value) })
	ranks := rankSums{sums: make([]float64, len(groups)), sizes: make([]int64, len(groups))}
	tied := make([]int64, len(groups))
	for at := 0; at < n; {
		first := all[at].value
		clear(tied)
		for ; at < n && all[at].value == first; at++ {
			tied[all[at].group]++
		}
		ranks.add(tied)
	}
	return ranks.test()
}

// KruskalWallisOrdered is KruskalWallis of counts: a row for each value, in
// ascending order, with how many of each group have it. That is all it needs of
// values that are few, such as scores, stars or numbers of orders.
func KruskalWallisOrdered(rows [][]int64) (KruskalWallisTest, error) {
	if len(rows) == 0 {
		return KruskalWallisTest{}, refuse(ReasonTooFewValues, "rows", "must hold a value")
	}
	k := len(rows[0])
	if err := checkGroups(k); err != nil {
		return KruskalWallisTest{}, err
	}
	ranks := rankSums{sums: make([]float64, k), sizes: make([]int64, k)}
	for i, counts := range rows {
		if len(counts) != k {
			return KruskalWallisTest{}, refuse(ReasonInvalid, "rows", "must all have %d counts, row %d has %d", k, i+1, len(counts))
		}
		for _, c := range counts {
			if c < 0 || c > maxCount {
				return KruskalWallisTest{}, refuse(ReasonInvalid, "rows", "must hold counts of 0 to %d, row %d holds %d", int64(maxCount), i+1, c)
			}
		}
		ranks.add(counts)
	}
	for j, size := range ranks.sizes {
		if size == 0 {
			return KruskalWallisTest{}, refuse(ReasonEmptyGroup, "rows", "must hold a value of each group, group %d has none", j+1)
		}
	}
	return ranks.test()
}

// rankSums goes through the values in ascending order.
type rankSums struct {
	n     int64
	sums  []float64
	sizes []int64
	ties  float64 // Σ(t³−t)
}

// add takes the next value, which so many of each group have.
func (r *rankSums) add(counts []int64) {
	tied := int64(0)
	for _, c := range counts {
		tied += c
	}
	rank := float64(r.n) + float64(tied+1)/2
	for j, c := range counts {
		r.sums[j] += rank * float64(c)
		r.sizes[j] += c
	}
	t := float64(tied)
	r.ties += t * (t - 1) * (t + 1)
	r.n += tied
}

func (r *rankSums) test() (KruskalWallisTest, error) {
	n := float64(r.n)
	t := KruskalWallisTest{N: r.n, DF: int64(len(r.sums) - 1), Warnings: []Warning{}}
	if r.n <= int64(len(r.sums)) {
		return t, refuse(ReasonTooFewValues, "groups", "must hold more values than there are groups, %d in %d", r.n, len(r.sums))
	}
	cubes := n * (n - 1) * (n + 1)
	t.TieCorrection = 1 - r.ties/cubes
	if r.ties >= cubes || t.TieCorrection <= 0 {
		return KruskalWallisTest{}, refuse(ReasonZeroVariance, "values", "must not all be equal")
	}
	between, small := 0.0, 0
	for j, sum := range r.sums {
		size := float64(r.sizes[j])
		mean := sum / size
		t.MeanRanks = append(t.MeanRanks, mean)
		between += size * (mean - (n+1)/2) * (mean - (n+1)/2)
		if r.sizes[j] < fewInGroup {
			small++
		}
	}
	t.H = 12 / (n * (n + 1)) * between / t.TieCorrection
	t.P = distuv.ChiSquared{K: float64(t.DF)}.Survival(t.H)
	t.EpsilonSquared = min(1, t.H/(n-1))
	if small > 0 {
		t.Warnings = append(t.Warnings, warning(ReasonSmallGroups, "%d groups have fewer than %d values: the p-value is approximate", small, fewInGroup))
	}
	return t, nil
}
