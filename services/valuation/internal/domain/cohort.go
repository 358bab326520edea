package domain

import "slices"

// CohortTable is classic retention: customers by the calendar month of their
// first order, and how many of them had an order in each month from then on.
type CohortTable struct {
	// Cohorts is one for each month from the first order's to that of the as-of
	// date, the last CohortMonths where there are more.
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
	table := &CohortTable{OmittedCohorts: max(0, s.Oldest-CohortMonths+1), OmittedCustomers: s.Omitted}
	if s.Omitted == 0 && !slices.ContainsFunc(s.Active, func(n int64) bool { return n > 0 }) {
		return table
	}
	current := monthOf(asOfDay)
	var ended int64 // age of the last month that has
	if monthOf(asOfDay+1) == current {
		ended = 1
	}
	active, revenue := Widen(s.Active, Cells), Widen(s.In(currency).Revenue, Cells)
	for age := min(s.Oldest, CohortMonths-1); age >= 0; age-- {
		cohort := Cohort{Month: monthName(current - age), Customers: active[Cell(age, age)]}
		for month := age; month >= ended; month-- {
			cohort.Active = append(cohort.Active, active[Cell(age, month)])
			cohort.Revenue = append(cohort.Revenue, revenue[Cell(age, month)])
		}
		table.Cohorts = append(table.Cohorts, cohort)
	}
	return table
}
