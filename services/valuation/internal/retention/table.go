// Package retention is valuation's room for how customers stay and come back:
// cohorts by the period of the first order, and the survival of relationships
// between purchases. It reads what a refresh has counted and keeps nothing.
package retention

import "github.com/kehuhq/kehu/services/valuation/internal/domain"

// Measure is what a table tells of a cohort in a period.
type Measure uint8

// The measures.
const (
	Classic           Measure = iota // customers with an order in the period
	Rolling                          // with an order in it or later
	Cumulative                       // with an order in one of the periods from offset 1 to it
	Revenue                          // of the orders in it
	CumulativeRevenue                // of the orders up to its end
)

// ofMoney reports whether a measure is money and not customers.
func (m Measure) ofMoney() bool { return m >= Revenue }

// Table is cohorts, the oldest first.
type Table struct {
	Rows    []Row
	Overall []Entry // of all rows that have an entry at an offset, by offset
	// OmittedCohorts are older than those followed, and OmittedCustomers in them.
	OmittedCohorts, OmittedCustomers int64
}

// Row is one cohort.
type Row struct {
	Period    string // YYYY-MM or YYYY-Www
	FirstDay  string // YYYY-MM-DD
	Customers int64
	Repeaters int64 // with orders on two days or more
	Ended     bool  // the cohort's own period
	Entries   []Entry
}

// Entry is a cohort in one period: those that have ended have one.
type Entry struct {
	Offset int   // periods since the cohort's own
	Base   int64 // customers it is about
	Amount int64 // of them, or minor units
}

// NewTable makes a table of what was counted. Cumulative entries begin at offset
// 1, all others at 0.
func NewTable(r *domain.Retention, measure Measure, period domain.Period) *Table {
	grid := r.Grids[period]
	t := &Table{OmittedCohorts: max(0, grid.Oldest-domain.CohortsFollowed+1), OmittedCustomers: grid.Omitted}
	if grid.Empty() {
		return t
	}
	t.follow(counts{
		measure: measure, last: domain.Widen(grid.Last, domain.Cells), back: domain.Widen(grid.Back, domain.Cells),
		active: domain.Widen(grid.Active, domain.Cells), revenue: domain.Widen(r.Revenue[period], domain.Cells),
		repeated: domain.Widen(grid.Repeated, domain.CohortsFollowed),
	}, period, r.AsOf.Day, min(grid.Oldest, domain.CohortsFollowed-1))
	return t
}

// follow adds the rows of the cohorts from the oldest on.
func (t *Table) follow(from counts, period domain.Period, asOfDay, oldest int64) {
	current, ended := period.At(asOfDay), period.LastEnded(asOfDay)
	for cohort := oldest; cohort >= 0; cohort-- {
		row := Row{
			Period: period.Name(current - cohort), FirstDay: domain.Date(period.FirstDay(current - cohort)),
			Customers: from.active[domain.Cell(cohort, cohort)], Repeaters: from.repeated[cohort], Ended: cohort >= ended,
		}
		for at, amount := range from.along(cohort, ended) {
			row.Entries = append(row.Entries, Entry{Offset: int(cohort - at), Base: row.Customers, Amount: amount})
		}
		t.Rows = append(t.Rows, row)
		t.sum(row.Entries)
	}
}

// sum adds a row's entries to those of all.
func (t *Table) sum(entries []Entry) {
	for i, e := range entries {
		if i == len(t.Overall) {
			t.Overall = append(t.Overall, Entry{Offset: e.Offset})
		}
		t.Overall[i].Base += e.Base
		t.Overall[i].Amount += e.Amount
	}
}

// counts is what a table is made of, each of full length.
type counts struct {
	measure                               Measure
	active, last, back, revenue, repeated []int64
}

// along yields what the measure says of a cohort in each period that has ended, by
// the period's age, from the cohort's own on.
func (c counts) along(cohort, ended int64) func(yield func(period, amount int64) bool) {
	return func(yield func(int64, int64) bool) {
		sum := int64(0)
		stayed := c.active[domain.Cell(cohort, cohort)] // not yet past their last order
		for period := cohort; period >= ended; period-- {
			cell := domain.Cell(cohort, period)
			amount := c.active[cell]
			switch c.measure {
			case Rolling:
				amount = stayed
				stayed -= c.last[cell]
			case Cumulative:
				sum += c.back[cell]
				amount = sum
			case Revenue:
				amount = c.revenue[cell]
			case CumulativeRevenue:
				sum += c.revenue[cell]
				amount = sum
			}
			if c.measure == Cumulative && period == cohort {
				continue // nobody comes back in a later period than this one in this one
			}
			if !yield(period, amount) {
				return
			}
		}
	}
}
