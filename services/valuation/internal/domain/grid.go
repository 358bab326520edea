package domain

import "math/bits"

// CohortsFollowed is how many periods' cohorts are followed, that of the as-of
// date the last.
const CohortsFollowed = 60

// Cells is the number of pairs of a followed cohort and a period from its own on.
const Cells = CohortsFollowed * (CohortsFollowed + 1) / 2

// Cell numbers a cohort and a period by their ages, the periods from either to
// that of the as-of date; 0 ≤ period ≤ cohort < CohortsFollowed. Younger cohorts
// come first.
func Cell(cohort, period int64) int { return int(cohort*(cohort+1)/2 + cohort - period) }

// cellsOf is how many cells a cohort and all younger ones have.
func cellsOf(cohort int64) int { return Cell(cohort+1, cohort+1) }

// Grid counts customers by the period of their first order, their cohort, and by
// periods since. Grids of customers apart add up.
type Grid struct {
	// Oldest is the age in periods of the oldest cohort.
	Oldest int64
	// Omitted is the customers of cohorts too old for a cell.
	Omitted int64
	// Active is how many customers of a cohort had an order in a period, by Cell.
	Active []int64
	// Last is how many had their last order in it.
	Last []int64
	// Back is how many of those who came back in a later period than their
	// cohort's did so in this one first.
	Back []int64
	// Repeated is how many had orders on two days or more, by the cohort's age.
	Repeated []int64
}

// visit is the ages at which one customer was active, by what addOrders finds.
type visit struct {
	cohort   int64
	periods  uint64 // one bit for each period since the cohort's
	repeated bool   // on two days or more
}

// add counts a customer.
func (g *Grid) add(v visit) {
	g.Oldest = max(g.Oldest, v.cohort)
	if v.cohort >= CohortsFollowed {
		g.Omitted++
		return
	}
	size := cellsOf(v.cohort)
	g.Active, g.Last, g.Back = Widen(g.Active, size), Widen(g.Last, size), Widen(g.Back, size)
	for set := v.periods; set != 0; set &= set - 1 {
		g.Active[Cell(v.cohort, v.cohort-int64(bits.TrailingZeros64(set)))]++
	}
	g.Last[Cell(v.cohort, v.cohort-int64(bits.Len64(v.periods)-1))]++
	if later := v.periods &^ 1; later != 0 {
		g.Back[Cell(v.cohort, v.cohort-int64(bits.TrailingZeros64(later)))]++
	}
	if v.repeated {
		g.Repeated = Widen(g.Repeated, int(v.cohort)+1)
		g.Repeated[v.cohort]++
	}
}

// size is how many numbers it keeps.
func (g *Grid) size() int { return len(g.Active) + len(g.Last) + len(g.Back) + len(g.Repeated) }

// reset forgets all, and keeps the memory.
func (g *Grid) reset() {
	g.Oldest, g.Omitted = 0, 0
	for _, cells := range [][]int64{g.Active, g.Last, g.Back, g.Repeated} {
		clear(cells)
	}
}

// Widen makes cells at least so long.
func Widen(cells []int64, length int) []int64 {
	if more := length - len(cells); more > 0 {
		return append(cells, make([]int64, more)...)
	}
	return cells
}
