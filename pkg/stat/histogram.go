package stat

import (
	"maps"
	"math"
	"slices"
)

// Histogram counts whole numbers that are not negative, by their first decimal
// digits. Histograms of parts add up to that of the whole, whatever the order;
// their size does not grow with how many numbers they have counted.
//
// It is the log-linear histogram of Hartmann and Schlossnagle, "Circllhist – A
// Log-Linear Histogram Data Structure for IT Infrastructure Monitoring" (2020,
// arXiv:2001.06561), for whole numbers: cells that are aligned to decimal
// powers make counts between such edges exact, which cells of equal ratio do
// not. The zero value counts every number exactly.
type Histogram struct {
	// Digits is how many significant decimal digits are kept, 1 to 18; 0 keeps
	// all. With 3 there are at most 900 cells for each power of ten, and numbers
	// below 1,000 are kept as they are.
	Digits int
	// Counts is how many numbers there are, by the number with all digits behind
	// the kept ones zero.
	Counts map[int64]int64
	// Count is how many numbers there are.
	Count int64
	// Sum is their sum. It wraps beyond 64 bits, which who adds has to rule out.
	Sum int64
	// Min and Max are the least and the greatest, both 0 where there are none.
	Min, Max int64
}

// Add counts a number, which must not be negative.
func (h *Histogram) Add(v int64) {
	if h.Counts == nil {
		h.Counts = make(map[int64]int64)
	}
	h.Counts[v-v%cellWidth(v, h.Digits)]++
	h.extend(v, v)
	h.Count++
	h.Sum += v
}

// Merge counts what another histogram of the same Digits has counted.
func (h *Histogram) Merge(other *Histogram) {
	if other.Count == 0 {
		return
	}
	if h.Counts == nil {
		h.Counts = make(map[int64]int64, len(other.Counts))
	}
	for cell, n := range other.Counts {
		h.Counts[cell] += n
	}
	h.extend(other.Min, other.Max)
	h.Count += other.Count
	h.Sum += other.Sum
}

func (h *Histogram) extend(least, greatest int64) {
	if h.Count == 0 {
		h.Min, h.Max = least, greatest
	}
	h.Min, h.Max = min(h.Min, least), max(h.Max, greatest)
}

// Reset forgets all numbers, and keeps the memory.
func (h *Histogram) Reset() {
	clear(h.Counts)
	*h = Histogram{Digits: h.Digits, Counts: h.Counts}
}

// cellWidth is how many numbers share the first digits of v.
func cellWidth(v int64, digits int) int64 {
	width := int64(1)
	if digits <= 0 || digits > 18 {
		return width
	}
	limit := int64(math.Pow10(digits))
	for v/width >= limit {
		width *= 10
	}
	return width
}

// Mean is the arithmetic mean, 0 of no numbers.
func (h *Histogram) Mean() float64 {
	if h.Count == 0 {
		return 0
	}
	return float64(h.Sum) / float64(h.Count)
}

// Quantile is the value that a share of all numbers does not exceed.
type Quantile struct {
	Percent int // the share, in percent
	// Value is the least number that at least this share of all does not exceed,
	// off by at most RelativeError × Value.
	Value int64
	// RelativeError bounds the error as a share of Value; 0 is exact.
	RelativeError float64
}

// Quantiles returns one quantile for each share, in percent from 0 to 100; none
// of no numbers. A value is the middle of the cell it lies in, as far as the
// least and the greatest number leave room, so that with three digits it is off
// by at most half a percent.
func (h *Histogram) Quantiles(percents ...int) []Quantile {
	if h.Count == 0 {
		return nil
	}
	cells := slices.Sorted(maps.Keys(h.Counts))
	all := make([]Quantile, 0, len(percents))
	for _, percent := range percents {
		// Whole numbers, since 0.07 × 100 is more than 7: the rank, from 1, rounded up.
		rank := max(1, h.Count/100*int64(percent)+(h.Count%100*int64(percent)+99)/100)
		i, below := 0, h.Counts[cells[0]]
		for below < rank && i < len(cells)-1 {
			i++
			below += h.Counts[cells[i]]
		}
		lowest := max(cells[i], h.Min)
		highest := min(cells[i]+cellWidth(cells[i], h.Digits)-1, h.Max)
		q := Quantile{Percent: percent, Value: lowest + (highest-lowest)/2}
		if highest > lowest {
			q.RelativeError = float64(highest-q.Value) / float64(q.Value)
		}
		all = append(all, q)
	}
	return all
}
