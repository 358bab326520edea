package domain

import "github.com/kehuhq/kehu/pkg/stat"

// Statistics is what is counted over the orders of some customers. Those of
// customers apart add up to those of all, in any order, and their size does not
// grow with how many there are.
//
// What counts as an order is profile's to say, and the same as everywhere in a
// valuation: paid, neither cancelled nor wholly returned, before the end of the
// as-of date. An order whose money was refunded while its goods were kept
// counts, with a net value of 0.
type Statistics struct {
	Gaps  Gaps
	Grids [len(Periods)]Grid
	// Takings is what is counted in each currency.
	Takings map[string]*Takings
}

// Takings is what is counted over the orders in one currency.
type Takings struct {
	Values  stat.Histogram        // net values of the orders, minor units
	Revenue [len(Periods)][]int64 // of a cohort in a period, minor units, by Cell
}

// valueDigits is how many digits are kept of an order's value: medians are too low
// by 0.1 % at most.
const valueDigits = 4

// NewStatistics is those of no customers.
func NewStatistics() *Statistics {
	return &Statistics{Gaps: newGaps(), Takings: make(map[string]*Takings)}
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
func (s *Statistics) Size() (n int) {
	for _, h := range s.Gaps.Each() {
		n += len(h.Cells)
	}
	for i := range s.Grids {
		n += s.Grids[i].size()
	}
	for _, t := range s.Takings {
		n += len(t.Values.Cells)
		for _, cells := range t.Revenue {
			n += len(cells)
		}
	}
	return n
}

// addOrders counts one customer's orders before an instant; days are their local
// days, in the same order, and by are the ages of days in each of Periods.
func (s *Statistics) addOrders(h *History, endMS int64, days []int64, by *[len(Periods)]*ages) {
	first, repeated := days[0], false
	for _, day := range days {
		repeated = repeated || day != first
		first = min(first, day)
	}
	var visits [len(Periods)]visit
	for p := range visits {
		visits[p] = visit{cohort: by[p].of(first), repeated: repeated}
	}
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
		for p := range visits {
			cohort := visits[p].cohort
			if cohort >= CohortsFollowed {
				continue
			}
			period := by[p].of(day)
			in.Revenue[p] = Widen(in.Revenue[p], cellsOf(cohort))
			in.Revenue[p][Cell(cohort, period)] += h.Net[i]
			visits[p].periods |= 1 << (cohort - period)
		}
	}
	for p := range visits {
		s.Grids[p].add(visits[p])
	}
}

// Reset forgets all, and keeps the memory.
func (s *Statistics) Reset() {
	for _, h := range s.Gaps.Each() {
		h.Reset()
	}
	for i := range s.Grids {
		s.Grids[i].reset()
	}
	for currency, t := range s.Takings {
		if t.Values.Count == 0 { // it was in use before the last reset only
			delete(s.Takings, currency)
			continue
		}
		t.Values.Reset()
		for _, cells := range t.Revenue {
			clear(cells)
		}
	}
}
