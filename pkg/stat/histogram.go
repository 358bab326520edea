package stat

import (
	"math"
	"math/bits"
)

// Histogram counts whole numbers that are not negative, by their first decimal
// digits. Histograms of parts add up to that of the whole, whatever the order;
// their size does not grow with how many numbers they have counted.
//
// It is the log-linear histogram of Hartmann and Schlossnagle, "Circllhist – A
// Log-Linear Histogram Data Structure for IT Infrastructure Monitoring" (2020,
// arXiv:2001.06561), for whole numbers: cells that are aligned to decimal
// powers make counts between such edges exact, which cells of equal ratio do
// not.
type Histogram struct {
	// Digits is how many significant decimal digits are kept, 1 to MaxDigits. With
	// 3 there are 900 cells from one power of ten to the next, and numbers below
	// 1,000 have a cell each.
	Digits int
	// Cells is how many numbers there are in each cell, as far as any is.
	Cells []int64
	// Count is how many numbers there are.
	Count int64
	// Sum is their sum. It wraps beyond 64 bits, which who adds has to rule out.
	Sum int64
	// Min and Max are the least and the greatest, both 0 where there are none.
	Min, Max int64
}

// MaxDigits is how many digits a histogram can keep: its cells then take 1 MB.
const MaxDigits = 4

// Add counts a number, which must not be negative.
func (h *Histogram) Add(v int64) {
	cell := h.cell(v)
	if cell >= len(h.Cells) {
		h.grow(cell + 1)
	}
	h.Cells[cell]++
	h.extend(v, v)
	h.Count++
	h.Sum += v
}

// Merge counts what another histogram of the same Digits has counted.
func (h *Histogram) Merge(other *Histogram) {
	if other.Count == 0 {
		return
	}
	h.grow(len(other.Cells))
	for cell, n := range other.Cells {
		h.Cells[cell] += n
	}
	h.extend(other.Min, other.Max)
	h.Count += other.Count
	h.Sum += other.Sum
}

// grow makes room for so many cells.
func (h *Histogram) grow(cells int) {
	if more := cells - len(h.Cells); more > 0 {
		h.Cells = append(h.Cells, make([]int64, more)...)
	}
}

func (h *Histogram) extend(least, greatest int64) {
	if h.Count == 0 {
		h.Min, h.Max = least, greatest
	}
	h.Min, h.Max = min(h.Min, least), max(h.Max, greatest)
}

// Reset forgets all numbers, and keeps the memory.
func (h *Histogram) Reset() {
	clear(h.Cells)
	*h = Histogram{Digits: h.Digits, Cells: h.Cells}
}

// powers are the powers of ten that fit 64 bits.
var powers = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// digitsOf is how many decimal digits a positive number has. 1233/4096 is just
// above log10(2).
func digitsOf(v int64) int {
	n := bits.Len64(uint64(v)) * 1233 >> 12
	if n < len(powers) && v >= powers[n] {
		n++
	}
	return n
}

// cell numbers the cell of a value. The first 10^Digits hold one number each, and
// every 9·10^(Digits−1) from there on lead to the next power of ten.
func (h *Histogram) cell(v int64) int {
	if v < powers[h.Digits] {
		return int(v)
	}
	dropped := digitsOf(v) - h.Digits
	return int(v/powers[dropped]) + dropped*int(powers[h.Digits]-powers[h.Digits-1])
}

// bounds are the least and the greatest number in a cell.
func (h *Histogram) bounds(cell int) (lowest, highest int64) {
	single, step := int(powers[h.Digits]), int(powers[h.Digits]-powers[h.Digits-1])
	if cell < single {
		return int64(cell), int64(cell)
	}
	dropped := 1 + (cell-single)/step
	width := powers[dropped]
	lowest = int64(cell-dropped*step) * width
	return lowest, lowest + (width - 1)
}

// MaxCells is the number of cells that hold all numbers of 64 bits.
func (h *Histogram) MaxCells() int { return h.cell(math.MaxInt64) + 1 }

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
// of no numbers. A value is the least of the cell it lies in, or the least of all
// numbers, so that with four digits it is too low by 0.1 % at most. Prices are
// round more often than not, and then it is exact, which a cell's middle is not.
func (h *Histogram) Quantiles(percents ...int) []Quantile {
	if h.Count == 0 {
		return nil
	}
	all := make([]Quantile, 0, len(percents))
	for _, percent := range percents {
		// Whole numbers, since 0.07 × 100 is more than 7: the rank, from 1, rounded up.
		rank := max(1, h.Count/100*int64(percent)+(h.Count%100*int64(percent)+99)/100)
		cell, below := 0, h.Cells[0]
		for below < rank && cell < len(h.Cells)-1 {
			cell++
			below += h.Cells[cell]
		}
		lowest, highest := h.bounds(cell)
		lowest, highest = max(lowest, h.Min), min(highest, h.Max)
		q := Quantile{Percent: percent, Value: lowest}
		if highest > lowest {
			q.RelativeError = float64(highest-lowest) / float64(lowest)
		}
		all = append(all, q)
	}
	return all
}
