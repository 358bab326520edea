package stat

// ConcentrationLimit is the share of customers with one and the same value above
// which quantile scores say little: with five scores, two of them fall on it.
const ConcentrationLimit = 0.4

// Concentration is a value that too many customers share, typically one order.
type Concentration struct {
	Value int64   // the value
	Count int     // how many customers have it
	Share float64 // Count over all customers, as a fraction
}

// Concentrated reports the commonest value if more than ConcentrationLimit of
// all values equal it. It keeps no copy of the values: at most two values can
// hold over a third each, and two counters find them in one pass (Misra and
// Gries, "Finding repeated elements", 1982); a second pass counts them exactly.
func Concentrated(values []int64) (Concentration, bool) {
	candidates := heavyCandidates(values)
	var counts [2]int
	for _, v := range values {
		switch v {
		case candidates[0]:
			counts[0]++
		case candidates[1]:
			counts[1]++
		}
	}
	top := 0
	if counts[1] > counts[0] || counts[1] == counts[0] && candidates[1] < candidates[0] {
		top = 1
	}
	share := 0.0
	if len(values) > 0 {
		share = float64(counts[top]) / float64(len(values))
	}
	if share <= ConcentrationLimit {
		return Concentration{}, false
	}
	return Concentration{Value: candidates[top], Count: counts[top], Share: share}, true
}

// heavyCandidates returns two values among which is every one that fills more
// than a third of values.
func heavyCandidates(values []int64) (candidates [2]int64) {
	var weight [2]int
	for _, v := range values {
		switch {
		case weight[0] > 0 && v == candidates[0]:
			weight[0]++
		case weight[1] > 0 && v == candidates[1]:
			weight[1]++
		case weight[0] == 0:
			candidates[0], weight[0] = v, 1
		case weight[1] == 0:
			candidates[1], weight[1] = v, 1
		default:
			weight[0]--
			weight[1]--
		}
	}
	return candidates
}

// SuggestedFrequencyCuts are the cut points to offer for the number of orders
// when one value is concentrated: 1, 2, 3, 4–5 and 6 or more orders score 1 to 5.
func SuggestedFrequencyCuts() Cuts {
	return Cuts{At: []int64{2, 3, 4, 6}, K: 5, Better: HigherIsBetter}
}
