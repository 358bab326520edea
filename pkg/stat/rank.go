package stat

// Rank returns how many of the numbers counted are below a value's cell, and how
// many lie in it: with values below 10^Digits, those that are less and those that
// are equal. A value below 0 has all above it.
func (h *Histogram) Rank(v int64) (below, same int64) {
	if v < 0 {
		return 0, 0
	}
	at := h.cell(v)
	for cell, n := range h.Cells {
		switch {
		case cell < at:
			below += n
		case cell == at:
			return below, n
		default:
			return below, 0
		}
	}
	return below, 0
}

// PercentileRank is the mid-rank of a value among the numbers counted, in percent:
//
//	100 · (below + same/2) / n
//
// It is 50 for the middle one, and within 0 and 100 for every value. Values that
// share a cell are taken as equal. false where nothing has been counted.
func (h *Histogram) PercentileRank(v int64) (float64, bool) {
	if h.Count == 0 {
		return 0, false
	}
	below, same := h.Rank(v)
	return 100 * (float64(below) + float64(same)/2) / float64(h.Count), true
}

// AtRank is the number of a rank, from 1, in ascending order: the least of its cell,
// or of all numbers. A rank outside of 1 to Count is that of the first or the last;
// of no numbers it is 0.
func (h *Histogram) AtRank(rank int64) int64 {
	below := int64(0)
	for cell, n := range h.Cells {
		if below += n; n > 0 && below >= min(rank, h.Count) {
			lowest, _ := h.bounds(cell)
			return max(lowest, h.Min)
		}
	}
	return 0
}
