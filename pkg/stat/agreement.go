package stat

import "slices"

// AdjustedRand says how far two partitions of the same things agree, whatever
// their clusters are called: 1 if they are the same, about 0 if they agree no more
// than chance brings, below 0 if less.
//
//	ARI = (Σ C(nᵢⱼ,2) − E) / (½(Σ C(aᵢ,2) + Σ C(bⱼ,2)) − E),   E = Σ C(aᵢ,2)·Σ C(bⱼ,2)/C(n,2)
//
// with nᵢⱼ things in cluster i of the one and j of the other. Hubert & Arabie
// (1985), Journal of Classification 2:193–218. Labels are any whole numbers. It
// fails unless there are as many of one as of the other, and at least one.
func AdjustedRand(a, b []int) (float64, error) {
	counts, err := crossCount(a, b)
	if err != nil {
		return 0, err
	}
	return AdjustedRandOf(counts)
}

// AdjustedRandOf is AdjustedRand of a table of counts, with a row for each cluster
// of one partition and a column for each of the other. Rows and columns may be
// empty. It fails on no counts, rows of different length and negative counts.
func AdjustedRandOf(counts [][]int64) (float64, error) {
	if len(counts) == 0 {
		return 0, refuse(ReasonTooFewGroups, "counts", "must have a row")
	}
	columns := make([]int64, len(counts[0]))
	var n int64
	var both, first, second float64 // pairs together in both, and in each
	for i, row := range counts {
		if len(row) != len(columns) {
			return 0, refuse(ReasonInvalid, "counts", "must have %d columns in every row, row %d has %d", len(columns), i+1, len(row))
		}
		of := int64(0)
		for j, c := range row {
			if c < 0 || c > maxCount {
				return 0, refuse(ReasonInvalid, "counts", "must be 0 to %d, row %d has %d", int64(maxCount), i+1, c)
			}
			both += pairs(c)
			of += c
			columns[j] += c
		}
		first += pairs(of)
		n += of
	}
	for _, c := range columns {
		second += pairs(c)
	}
	if n == 0 {
		return 0, refuse(ReasonEmptyGroup, "counts", "must count something")
	}
	all := pairs(n)
	if first == second && (first == 0 || first == all) {
		return 1, nil // each by itself in both, or all together in both
	}
	expected := first * (second / all)
	return (both - expected) / ((first+second)/2 - expected), nil
}

// Jaccard is how many of the things in either of two sets are in both, as a share:
// |A∩B| / |A∪B|, 1 of two empty ones. It fails unless 0 ≤ both ≤ each set.
func Jaccard(both, a, b int64) (float64, error) {
	if both < 0 || both > a || both > b {
		return 0, refuse(ReasonInvalid, "both", "must be 0 to the size of either set, got %d of %d and %d", both, a, b)
	}
	if a+b == 0 {
		return 1, nil
	}
	return float64(both) / float64(a+b-both), nil
}

func pairs(n int64) float64 { return float64(n) * (float64(n) - 1) / 2 }

// crossCount counts how often labels stand together.
func crossCount(a, b []int) ([][]int64, error) {
	if len(a) != len(b) || len(a) == 0 {
		return nil, refuse(ReasonInvalid, "labels", "must be as many of one partition as of the other and at least one, got %d and %d", len(a), len(b))
	}
	first, second := numbered(a), numbered(b)
	if len(first)*len(second) > maxCells {
		return nil, refuse(ReasonInvalid, "labels", "must not be of so many clusters: %d × %d is over %d", len(first), len(second), maxCells)
	}
	counts := make([][]int64, len(first))
	for i := range counts {
		counts[i] = make([]int64, len(second))
	}
	for i := range a {
		counts[first[a[i]]][second[b[i]]]++
	}
	return counts, nil
}

// numbered gives each label a number from 0, in ascending order.
func numbered(labels []int) map[int]int {
	place := map[int]int{}
	for _, l := range labels {
		place[l] = 0
	}
	distinct := make([]int, 0, len(place))
	for l := range place {
		distinct = append(distinct, l)
	}
	slices.Sort(distinct)
	for i, l := range distinct {
		place[l] = i
	}
	return place
}
