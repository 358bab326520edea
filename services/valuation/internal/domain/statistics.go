package domain

import (
	"math/bits"
	"slices"

	"github.com/kehuhq/kehu/pkg/stat"
)

// Statistics is what is counted over the orders of some customers. Those of
// customers apart add up to those of all, in any order, and their size does not
// grow with how many there are.
//
// What counts as an order is profile's to say, and the same as everywhere in a
// valuation: paid, neither cancelled nor wholly returned, before the end of the
// as-of date. An order whose money was refunded while its goods were kept
// counts, with a net value of 0.
type Statistics struct {
	// Intervals counts the days between a customer's successive days with an order.
	Intervals stat.Histogram
	// Active is how many customers of a cohort had an order in a month, by Cell.
	Active []int64
	// Oldest is the age in months, before the as-of date's, of the oldest cohort.
	Oldest int64
	// Omitted is the customers of cohorts too old for a cell.
	Omitted int64
	// Takings is what is counted in each currency.
	Takings map[string]*Takings
}

// Takings is what is counted over the orders in one currency.
type Takings struct {
	Values  stat.Histogram // net values of the orders, minor units
	Revenue []int64        // of a cohort in a month, minor units, by Cell
}

// How many digits are kept: medians of an order's value are too low by 0.1 % at
// most, and intervals below 10,000 days are exact.
const (
	valueDigits    = 4
	intervalDigits = 4
)

// CohortMonths is how many months' cohorts are followed, that of the as-of date
// the last.
const CohortMonths = 60

// Cells is the number of pairs of a followed cohort and a month from its own on.
const Cells = CohortMonths * (CohortMonths + 1) / 2

// Cell numbers a cohort and a month by their ages, the months from either to
// that of the as-of date; 0 ≤ month ≤ cohort < CohortMonths. Younger cohorts
// come first.
func Cell(cohort, month int64) int { return int(cohort*(cohort+1)/2 + cohort - month) }

// cellsOf is how many cells a cohort and all younger ones have.
func cellsOf(cohort int64) int { return Cell(cohort+1, cohort+1) }

// NewStatistics is those of no customers.
func NewStatistics() *Statistics {
	return &Statistics{Intervals: stat.Histogram{Digits: intervalDigits}, Takings: make(map[string]*Takings)}
}

// In returns what is counted in a currency, empty where nothing has been yet.
func (s *Statistics) In(currency string) *Takings {
	t := s.Takings[currency]
	if t == nil {
		t = &Takings{Values: stat.Histogram{Digits: valueDigits}}
		s.Takings[currency] = t
	}
	return t
}

// Size is how many numbers it keeps.
func (s *Statistics) Size() int {
	n := len(s.Intervals.Cells) + len(s.Active)
	for _, t := range s.Takings {
		n += len(t.Values.Cells) + len(t.Revenue)
	}
	return n
}

// Widen makes cells at least so long.
func Widen(cells []int64, length int) []int64 {
	if more := length - len(cells); more > 0 {
		return append(cells, make([]int64, more)...)
	}
	return cells
}

// addOrders counts one customer's orders before an instant; days are their local
// days, in the same order.
func (s *Statistics) addOrders(h *History, endMS int64, days []int64, months *months) {
	cohort := months.age(slices.Min(days))
	s.Oldest = max(s.Oldest, cohort)
	if cohort >= CohortMonths {
		s.Omitted++
	}
	var active uint64 // one bit for each month since the cohort's
	var in *Takings
	var currency string
	next := 0
	for i, at := range h.TimeMS {
		if at >= endMS {
			continue
		}
		day := days[next]
		next++
		if code := h.code(i); in == nil || code != currency {
			in, currency = s.In(code), code
		}
		in.Values.Add(h.Net[i])
		if cohort < CohortMonths {
			month := months.age(day)
			in.Revenue = Widen(in.Revenue, cellsOf(cohort))
			in.Revenue[Cell(cohort, month)] += h.Net[i]
			active |= 1 << (cohort - month)
		}
	}
	if active != 0 {
		s.Active = Widen(s.Active, cellsOf(cohort))
	}
	for ; active != 0; active &= active - 1 {
		s.Active[Cell(cohort, cohort-int64(bits.TrailingZeros64(active)))]++
	}
}

// addIntervals counts one customer's days with an order, ascending.
func (s *Statistics) addIntervals(days []int64) {
	for i := 1; i < len(days); i++ {
		if days[i] != days[i-1] {
			s.Intervals.Add(days[i] - days[i-1])
		}
	}
}

// Reset forgets all, and keeps the memory.
func (s *Statistics) Reset() {
	s.Intervals.Reset()
	clear(s.Active)
	s.Oldest, s.Omitted = 0, 0
	for currency, t := range s.Takings {
		if t.Values.Count == 0 { // it was in use before the last reset only
			delete(s.Takings, currency)
			continue
		}
		t.Values.Reset()
		clear(t.Revenue)
	}
}
