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
	Active map[int64]int64
	// Oldest is the age in months, before the as-of date's, of the oldest cohort.
	Oldest int64
	// Omitted is the customers of cohorts too old for a cell.
	Omitted int64
	// Takings is what is counted in each currency.
	Takings map[string]*Takings
}

// Takings is what is counted over the orders in one currency.
type Takings struct {
	Values  stat.Histogram  // net values of the orders, minor units
	Revenue map[int64]int64 // of a cohort in a month, minor units, by Cell
}

// valueDigits is how many digits of an order's value are kept: medians are off
// by half a percent at most, for 900 cells from one power of ten to the next.
const valueDigits = 3

// CohortMonths is how many months' cohorts are followed, that of the as-of date
// the last.
const CohortMonths = 60

// Cell numbers a cohort and a month by their ages, the months from either to
// that of the as-of date; 0 ≤ month ≤ cohort < CohortMonths.
func Cell(cohort, month int64) int64 { return cohort*CohortMonths + cohort - month }

// In returns what is counted in a currency, empty where nothing has been yet.
func (s *Statistics) In(currency string) *Takings {
	t := s.Takings[currency]
	if t == nil {
		if s.Takings == nil {
			s.Takings = make(map[string]*Takings)
		}
		t = &Takings{Values: stat.Histogram{Digits: valueDigits}, Revenue: make(map[int64]int64)}
		s.Takings[currency] = t
	}
	return t
}

// Size is how many numbers it keeps.
func (s *Statistics) Size() int {
	n := len(s.Intervals.Counts) + len(s.Active)
	for _, t := range s.Takings {
		n += len(t.Values.Counts) + len(t.Revenue)
	}
	return n
}

// addOrders counts one customer's orders before an instant; days are their local
// days, in the same order.
func (s *Statistics) addOrders(h *History, endMS int64, days []int64, months *months) {
	cohort := months.age(slices.Min(days))
	s.Oldest = max(s.Oldest, cohort)
	followed := cohort < CohortMonths
	if !followed {
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
		if followed {
			month := months.age(day)
			in.Revenue[Cell(cohort, month)] += h.Net[i]
			active |= 1 << (cohort - month)
		}
	}
	if s.Active == nil {
		s.Active = make(map[int64]int64)
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

// Merge counts what others have counted of other customers, in one currency.
func (s *Statistics) Merge(other *Statistics, currency string) {
	s.Intervals.Merge(&other.Intervals)
	if s.Active == nil {
		s.Active = make(map[int64]int64)
	}
	for cell, n := range other.Active {
		s.Active[cell] += n
	}
	s.Oldest = max(s.Oldest, other.Oldest)
	s.Omitted += other.Omitted
	if from := other.Takings[currency]; from != nil {
		to := s.In(currency)
		to.Values.Merge(&from.Values)
		for cell, revenue := range from.Revenue {
			to.Revenue[cell] += revenue
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
