package stat

import (
	"math/bits"
	"slices"
)

const (
	digitBits = 11 // of a pass: 2,048 counters stay in the first-level cache
	maxPasses = 4
	fewValues = 512 // which a comparison sort does faster
)

// sortedCopy is the values in ascending order. Days, counts and amounts span few
// bits, so that a few passes that count do what n·log n comparisons would.
func sortedCopy(values []int64) []int64 {
	sorted := slices.Clone(values)
	if len(values) < fewValues {
		slices.Sort(sorted)
		return sorted
	}
	low, high := slices.Min(values), slices.Max(values)
	width := bits.Len64(uint64(high) - uint64(low)) // right although the difference may overflow an int64
	passes := (width + digitBits - 1) / digitBits
	if passes > maxPasses {
		slices.Sort(sorted)
		return sorted
	}
	other := make([]int64, len(sorted))
	for pass := range passes {
		countingPass(other, sorted, uint64(low), uint(pass*digitBits))
		sorted, other = other, sorted
	}
	return sorted
}

// countingPass orders by one digit of the distance from low, and keeps the order of
// those with the same.
func countingPass(to, from []int64, low uint64, shift uint) {
	const mask = 1<<digitBits - 1
	var place [1 << digitBits]int
	for _, v := range from {
		place[(uint64(v)-low)>>shift&mask]++
	}
	at := 0
	for d, n := range place {
		place[d] = at
		at += n
	}
	for _, v := range from {
		d := (uint64(v) - low) >> shift & mask
		to[place[d]] = v
		place[d]++
	}
}
