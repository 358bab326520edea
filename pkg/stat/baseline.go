package stat

import (
	"math"
	"slices"
	"sort"
)

// Baseline is a sample sorted into bins, which later samples are sorted into as
// they are: bins made anew of each sample would hide what has moved. It is a value
// to be stored with what was made of that sample.
type Baseline struct {
	// Edges ascend; bin i holds the numbers from edge i−1 up to, but not including,
	// edge i, and there is one bin more than edges.
	Edges []float64 `json:"edges" bson:"edges"`
	// Counts is how many numbers of the sample lie in each bin.
	Counts []int64 `json:"counts" bson:"counts"`
}

// FreezeBins makes the baseline of a sample, in at most so many bins of about equal
// size. Equal numbers are never parted, so that of numbers with many ties there are
// fewer bins; if all are equal there are three, for less, the same, and more. It
// fails on no numbers, on what is not finite, and unless bins is 2 to 1,000.
func FreezeBins(values []float64, bins int) (Baseline, error) {
	if bins < 2 || bins > maxBins {
		return Baseline{}, refuse(ReasonInvalid, "bins", "must be 2 to %d, got %d", maxBins, bins)
	}
	if len(values) == 0 {
		return Baseline{}, refuse(ReasonTooFewValues, "values", "must not be empty")
	}
	for i, v := range values {
		if !finite(v) {
			return Baseline{}, refuse(ReasonInvalid, "values", "must be finite, number %d is %v", i+1, v)
		}
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	var b Baseline
	least, greatest := sorted[0], sorted[len(sorted)-1]
	for i := 1; i < bins; i++ {
		edge := sorted[i*len(sorted)/bins]
		if edge > least && (len(b.Edges) == 0 || edge > b.Edges[len(b.Edges)-1]) {
			b.Edges = append(b.Edges, edge)
		}
	}
	switch {
	case least == greatest:
		b.Edges = []float64{least}
		if least < math.MaxFloat64 { // otherwise nothing is more
			b.Edges = append(b.Edges, math.Nextafter(least, math.Inf(1)))
		}
	case len(b.Edges) == 0: // nearly all are the least
		b.Edges = []float64{sorted[sort.SearchFloat64s(sorted, math.Nextafter(least, math.Inf(1)))]}
	}
	counts, err := b.Count(sorted)
	b.Counts = counts
	return b, err
}

// Bin is the bin of a number, from 0.
func (b Baseline) Bin(x float64) int {
	return sort.Search(len(b.Edges), func(i int) bool { return b.Edges[i] > x })
}

// Count is how many numbers lie in each bin; it fails on what is not finite.
func (b Baseline) Count(values []float64) ([]int64, error) {
	counts := make([]int64, len(b.Edges)+1)
	for i, x := range values {
		if !finite(x) {
			return nil, refuse(ReasonInvalid, "values", "must be finite, number %d is %v", i+1, x)
		}
		counts[b.Bin(x)]++
	}
	return counts, nil
}

// Drift is how far a sample, of which so many lie in each bin, has moved away from
// the baseline: see PSIOfCounts, and Count.
func (b Baseline) Drift(counts []int64, smoothing float64) (Drift, error) {
	if len(b.Counts) != len(b.Edges)+1 || !slices.IsSorted(b.Edges) {
		return Drift{}, refuse(ReasonInvalid, "baseline", "must have ascending edges and one count more than edges")
	}
	if len(counts) != len(b.Counts) {
		return Drift{}, refuse(ReasonInvalid, "counts", "must be %d as the baseline's bins are, got %d", len(b.Counts), len(counts))
	}
	return PSIOfCounts(b.Counts, counts, smoothing)
}
