package stat

import (
	"slices"
	"sort"
)

// Ties says what customers with equal values get.
type Ties uint8

const (
	// SharedTies gives equal values equal scores, from the tie group's mid-rank.
	SharedTies Ties = iota
	// OrdinalTies ranks equal values by their position in the input, so that
	// every score is given equally often. Input comes in order of customer id.
	OrdinalTies
)

// Better says which end of a scale deserves the high score.
type Better uint8

const (
	// HigherIsBetter suits frequency and monetary value.
	HigherIsBetter Better = iota
	// LowerIsBetter suits recency, the time since the last order.
	LowerIsBetter
)

// MaxScores is the largest number of scores a scale may have.
const MaxScores = 255

// Score gives each value a score from 1 to k by its rank among all values:
//
//	score = 1 + ⌊k·(rank−1)/n⌋
//
// where n = len(values) and rank counts from 1 in ascending order; with
// SharedTies rank is the mean rank of the values equal to it. With LowerIsBetter
// the score is reversed afterwards, k+1−score. This is the quantile scoring of
// Hughes, "Strategic Database Marketing" (1994), with the ties made explicit.
//
// values may have any unit; k is 1 to MaxScores. Besides its result, Score takes
// 16 bytes per value while it runs, and O(n) time where values span up to 44 bits,
// O(n log n) otherwise. No values give no scores.
func Score(values []int64, k int, ties Ties, better Better) ([]uint8, error) {
	if err := checkScale(k, better); err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return []uint8{}, nil
	}
	switch ties {
	case SharedTies:
		cuts, err := CutsOf(values, k, better)
		if err != nil {
			return nil, err
		}
		return cuts.Scores(values), nil
	case OrdinalTies:
		return newSteps(values, k).scores(values, uint8(k), better), nil
	default:
		return nil, outside("ties", "must be SharedTies or OrdinalTies, got %d", ties)
	}
}

func checkScale(k int, better Better) error {
	if k < 1 || k > MaxScores {
		return outside("k", "must be 1 to %d, got %d", MaxScores, k)
	}
	if better > LowerIsBetter {
		return outside("better", "must be HigherIsBetter or LowerIsBetter, got %d", better)
	}
	return nil
}

// steps are the places in the ascending order where the score goes up under
// ordinal ties. Only the values at those places need more than a comparison, so
// no permutation of the customers is kept: that is what holds the memory down.
type steps struct {
	at    []int64 // value at which the step lies, ascending
	quota []int   // how many of the values equal to at stay below the step
}

func newSteps(values []int64, k int) steps {
	sorted := sortedCopy(values)
	n := len(sorted)
	s := steps{make([]int64, 0, k-1), make([]int, 0, k-1)}
	for j := 1; j < k; j++ {
		first := (j*n + k - 1) / k // first rank (from 0) with a score above j
		if first >= n {
			break
		}
		v := sorted[first]
		below, _ := slices.BinarySearch(sorted, v)
		s.at = append(s.at, v)
		s.quota = append(s.quota, first-below)
	}
	return s
}

func (s steps) scores(values []int64, k uint8, better Better) []uint8 {
	out := make([]uint8, len(values))
	seen := make([]int, len(s.at)) // of the value of a step, at the first step with that value
	for i, v := range values {
		first, tied := slices.BinarySearch(s.at, v)
		passed := first
		if tied {
			for passed < len(s.at) && s.at[passed] == v && s.quota[passed] <= seen[first] {
				passed++
			}
			seen[first]++
		}
		out[i] = orient(passed, k, better)
	}
	return out
}

// fewCuts are counted faster than searched.
const fewCuts = 12

// orient turns the number of cuts passed into a score.
func orient(passed int, k uint8, better Better) uint8 {
	if better == LowerIsBetter {
		return k - uint8(passed)
	}
	return 1 + uint8(passed)
}

// passedCuts counts the cuts at or below v.
func passedCuts(at []int64, v int64) int {
	if len(at) <= fewCuts {
		passed := 0
		for _, cut := range at {
			if cut <= v {
				passed++
			}
		}
		return passed
	}
	return sort.Search(len(at), func(i int) bool { return at[i] > v })
}
