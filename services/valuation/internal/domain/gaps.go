package domain

import "github.com/kehuhq/kehu/pkg/stat"

// GapDays is how many days a gap may have to be counted exactly; longer ones are
// known to be at least so long.
const GapDays = 10_000

// gapDigits makes gaps of less than GapDays exact.
const gapDigits = 4

// Gaps counts the days that lie between days with an order of one customer.
type Gaps struct {
	All   stat.Histogram // between successive days with an order
	First stat.Histogram // of those, the first of each customer
	// Open is the days from the last day with an order to the as-of date, of
	// customers with several such days, and Once of those with one.
	Open, Once stat.Histogram
}

func newGaps() Gaps {
	h := stat.Histogram{Digits: gapDigits}
	return Gaps{h, h, h, h}
}

// Each lists the histograms, in an order that stays.
func (g *Gaps) Each() [4]*stat.Histogram {
	return [...]*stat.Histogram{&g.All, &g.First, &g.Open, &g.Once}
}

// add counts one customer's days with an order, ascending.
func (g *Gaps) add(days []int64, asOfDay int64) {
	first := true
	for i := 1; i < len(days); i++ {
		gap := days[i] - days[i-1]
		if gap == 0 {
			continue
		}
		if g.All.Add(gap); first {
			g.First.Add(gap)
			first = false
		}
	}
	// Where the clocks went back over midnight, the last moments of the as-of date
	// already belong to the day after.
	open := max(0, asOfDay-days[len(days)-1])
	if first {
		g.Once.Add(open)
	} else {
		g.Open.Add(open)
	}
}
