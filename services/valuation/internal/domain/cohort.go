package domain

// CohortTable is classic retention: customers by the calendar month of their
// first order, and how many of them had an order in each month from then on.
type CohortTable struct {
	// Cohorts is one for each month from the first order's to that of the as-of
	// date, the last CohortsFollowed where there are more.
	Cohorts []Cohort
	// OmittedCohorts is the months before those, from that of the first order on.
	OmittedCohorts int64
	// OmittedCustomers is the customers whose first order lies in them.
	OmittedCustomers int64
}

// Cohort is the customers whose first order lies in one month. Active and Revenue
// have an entry for each month from that one on that has ended: whose last day
// is the as-of date or lies before it.
type Cohort struct {
	Month     string // YYYY-MM
	Customers int64
	Active    []int64 // of them, with an order in the month
	Revenue   []int64 // of them, in the month, minor units of the valuation's currency
}

// cohorts makes the table as of a day, with revenue in a currency.
func (s *Statistics) cohorts(asOfDay int64, currency string) *CohortTable {
	grid := &s.Grids[Month]
	table := &CohortTable{OmittedCohorts: max(0, grid.Oldest-CohortsFollowed+1), OmittedCustomers: grid.Omitted}
	if grid.Empty() {
		return table
	}
	current, ended := Month.At(asOfDay), Month.LastEnded(asOfDay)
	active, revenue := Widen(grid.Active, Cells), Widen(s.In(currency).Revenue[Month], Cells)
	for age := min(grid.Oldest, CohortsFollowed-1); age >= 0; age-- {
		cohort := Cohort{Month: Month.Name(current - age), Customers: active[Cell(age, age)]}
		for month := age; month >= ended; month-- {
			cohort.Active = append(cohort.Active, active[Cell(age, month)])
			cohort.Revenue = append(cohort.Revenue, revenue[Cell(age, month)])
		}
		table.Cohorts = append(table.Cohorts, cohort)
	}
	return table
}

// LastEnded is the age of the last period that has ended as of the end of a day:
// 0 where that is the period's last day, otherwise 1.
func (p Period) LastEnded(asOfDay int64) int64 { return 1 - (p.At(asOfDay+1) - p.At(asOfDay)) }

// Empty reports whether nobody has been counted.
func (g *Grid) Empty() bool {
	if g.Omitted > 0 {
		return false
	}
	for _, n := range g.Last {
		if n > 0 {
			return false
		}
	}
	return true
}

// Retention is what a finished refresh keeps of how customers stay and come back.
type Retention struct {
	Policy    Policy // with its currency
	AsOf      AsOf   // without the calendar
	Customers int64
	Repeaters int64 // with orders on two days or more
	Grids     [len(Periods)]Grid
	Revenue   [len(Periods)][]int64 // in the policy's currency, of a cohort in a period, by Cell
	Gaps      Gaps
	Warnings  []Warning
}

// Retention takes what is kept of statistics over all customers.
func (s *Statistics) Retention(asOf AsOf, policy Policy, tally *Tally) *Retention {
	r := &Retention{
		Policy: policy, AsOf: AsOf{Day: asOf.Day, EndMS: asOf.EndMS}, Customers: tally.Customers, Repeaters: tally.Repeaters,
		Grids: s.Grids, Revenue: s.In(policy.Currency).Revenue, Gaps: s.Gaps,
	}
	if w, mixed := mixedCurrencies(tally, policy.Currency); mixed {
		r.Warnings = append(r.Warnings, w)
	}
	return r
}
