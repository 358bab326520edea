package describe

import (
	"math"

	"github.com/kehuhq/kehu/pkg/stat"
)

// quantity is how one number is spread: its mean and variance exact, its quartiles
// to three digits.
type quantity struct {
	spread stat.Spread
	above  stat.Histogram // of thousandths, from 0 on
	below  stat.Histogram // of thousandths below 0, without the sign
}

const (
	maxNumber = 1e15
	thousand  = 1000 // parts of one that quartiles tell apart
	digits    = 3
)

func newQuantities(n int) []quantity {
	all := make([]quantity, n)
	for i := range all {
		all[i].above.Digits, all[i].below.Digits = digits, digits
	}
	return all
}

func (q *quantity) add(x float64) {
	q.spread.Add(x)
	if parts := int64(math.Round(math.Abs(x) * thousand)); x >= 0 {
		q.above.Add(parts)
	} else {
		q.below.Add(parts)
	}
}

func (q *quantity) merge(other *quantity) {
	q.spread.Merge(other.spread)
	q.above.Merge(&other.above)
	q.below.Merge(&other.below)
}

func (q *quantity) summary() Summary {
	return Summary{Spread: q.spread, P25: q.quantile(25), Median: q.quantile(50), P75: q.quantile(75)}
}

// quantile is the value that so many percent do not exceed, 0 of none.
func (q *quantity) quantile(percent int64) float64 {
	n := q.above.Count + q.below.Count
	if n == 0 {
		return 0
	}
	rank := max(1, (n*percent+99)/100) // from 1, rounded up
	side, sign := &q.above, 1.0
	if rank <= q.below.Count { // counted from 0 on, the greatest below 0 come first
		side, sign, rank = &q.below, -1, q.below.Count-rank+1
	} else {
		rank -= q.below.Count
	}
	value := sign * float64(side.AtRank(rank)) / thousand
	return max(q.spread.Min, min(q.spread.Max, value))
}
