package stat

import "slices"

// Cuts are the points at which a score changes. Frozen, they score values that
// come later as the values they were made from were scored.
type Cuts struct {
	// At lists the first value of each next band, ascending. A value that passes
	// two cuts at once has the cut twice; fewer than K−1 cuts mean that nothing
	// lay in the last bands.
	At []int64
	// K is the number of scores, 1 to MaxScores.
	K int
	// Better says whether passing a cut raises or lowers the score.
	Better Better
}

// CutsOf returns the cuts that scoring values with SharedTies implies; see Score
// for the rule. It fails on no values and on a k outside 1 to MaxScores.
func CutsOf(values []int64, k int, better Better) (Cuts, error) {
	if err := checkScale(k, better); err != nil {
		return Cuts{}, err
	}
	n := len(values)
	if n == 0 {
		return Cuts{}, outside("values", "must not be empty")
	}
	sorted := sortedCopy(values)
	at := make([]int64, 0, k-1)
	for lo := 0; lo < n; {
		v := sorted[lo]
		hi := lo + 1
		for hi < n && sorted[hi] == v {
			hi++
		}
		// The ranks lo+1 … hi have the mean (lo+hi+1)/2; twice (rank−1) is lo+hi−1.
		passed := k * (lo + hi - 1) / (2 * n)
		for len(at) < passed {
			at = append(at, v)
		}
		lo = hi
	}
	return Cuts{At: at, K: k, Better: better}, nil
}

// NewCuts makes cuts from points that a person chose: value v scores
// 1 + #{at ≤ v}, reversed with LowerIsBetter. The scale has len(at)+1 scores.
// It fails unless the points ascend strictly and there are at most MaxScores−1.
func NewCuts(at []int64, better Better) (Cuts, error) {
	if len(at) >= MaxScores {
		return Cuts{}, outside("at", "must have at most %d cut points, got %d", MaxScores-1, len(at))
	}
	for i := 1; i < len(at); i++ {
		if at[i] <= at[i-1] {
			return Cuts{}, outside("at", "must ascend strictly, got %d after %d", at[i], at[i-1])
		}
	}
	k := len(at) + 1
	if err := checkScale(k, better); err != nil {
		return Cuts{}, err
	}
	return Cuts{At: slices.Clone(at), K: k, Better: better}, nil
}

// Score returns the score of one value, 1 to K.
func (c Cuts) Score(v int64) uint8 {
	return orient(passedCuts(c.At, v), uint8(c.K), c.Better)
}

// Scores returns the score of each value, 1 to K.
func (c Cuts) Scores(values []int64) []uint8 {
	out := make([]uint8, len(values))
	for i, v := range values {
		out[i] = c.Score(v)
	}
	return out
}
