package stat

import "math"

// Bin is how many numbers lie from Lower up to, but not including, Upper.
type Bin struct {
	Lower int64
	Upper int64 // 0 in a last bin without one
	Count int64
}

// Bins counts exactly between edges that ascend: one bin from each edge to the
// next, and one without upper edge from the last on. What lies below the first
// edge is in no bin. Every edge must be a number whose digits the histogram
// keeps, or it fails.
func (h *Histogram) Bins(edges []int64) ([]Bin, error) {
	bins := make([]Bin, len(edges))
	for i, edge := range edges {
		ascend := edge >= 0 && (i == 0 || edge > edges[i-1])
		if !ascend || !h.parts(edge) {
			return nil, outside("edges", "must ascend from 0 on, each with no more than %d significant digits, got %d", h.Digits, edges)
		}
		bins[i].Lower = edge
		last := len(h.Cells)
		if i+1 < len(edges) {
			bins[i].Upper = edges[i+1]
			last = min(last, h.cell(edges[i+1]))
		}
		for cell := h.cell(edge); cell < last; cell++ {
			bins[i].Count += h.Cells[cell]
		}
	}
	return bins, nil
}

// parts reports whether a cell begins at an edge.
func (h *Histogram) parts(edge int64) bool {
	lowest, _ := h.bounds(h.cell(edge))
	return lowest == edge
}

// MostDecimalBins is the largest number of bins that DecimalBins makes.
const MostDecimalBins = 16

// tail is the share of numbers, in percent, that may lie in each of the first and
// the last bin of DecimalBins because they are so small or so large.
const tail = 1

// DecimalBins counts exactly between edges of the series 1, 2, 5, 10, 20, 50 …,
// in at most MostDecimalBins bins that hold all numbers.
//
// The inner edges reach from the one at or below all but the least 1 % of the
// numbers above 0 to the one above all but the greatest 1 %. What is less,
// zeros included, is in a first bin from 0 on, and what is more in a last one
// without upper edge; where there is none of either, so is not the bin. Where
// that makes too many bins, the two first or the two last become one, whichever
// hold less, again and again. No numbers make no bins.
func (h *Histogram) DecimalBins() []Bin {
	if h.Count == 0 {
		return nil
	}
	fine, err := h.Bins(decimalEdges())
	if err != nil {
		return nil // not reached: one digit is always kept
	}
	positive := h.Count - fine[0].Count
	if positive == 0 {
		return fine[:1]
	}
	first, last := 1, len(fine)-1
	for seen := fine[first].Count; few(seen, positive); seen += fine[first].Count {
		first++
	}
	for seen := fine[last].Count; few(seen, positive); seen += fine[last].Count {
		last--
	}
	bins := make([]Bin, 0, len(fine))
	if low := joined(fine[:first]); low.Count > 0 {
		bins = append(bins, low)
	}
	bins = append(bins, fine[first:last+1]...)
	if last < len(fine)-1 {
		if high := joined(fine[last+1:]); high.Count > 0 {
			bins = append(bins, high)
		}
	}
	for len(bins) > MostDecimalBins {
		low, high := joined(bins[:2]), joined(bins[len(bins)-2:])
		if low.Count <= high.Count {
			bins[1], bins = low, bins[1:]
		} else {
			bins = bins[:len(bins)-1]
			bins[len(bins)-1] = high
		}
	}
	return bins
}

// few reports whether n is no more than the tail of all.
func few(n, all int64) bool { return n <= all*tail/100 }

func joined(bins []Bin) Bin {
	b := Bin{Lower: bins[0].Lower, Upper: bins[len(bins)-1].Upper}
	for _, part := range bins {
		b.Count += part.Count
	}
	return b
}

// decimalEdges is 0 and the series 1, 2, 5, 10 … as far as it fits 64 bits.
func decimalEdges() []int64 {
	edges := []int64{0}
	for power := int64(1); ; power *= 10 {
		edges = append(edges, power, 2*power, 5*power)
		if power > math.MaxInt64/10 {
			return edges
		}
	}
}
