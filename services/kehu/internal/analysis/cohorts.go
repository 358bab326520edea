package analysis

import (
	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Cohorts are the customers by the month of their first order (classic retention).
type Cohorts struct {
	Cohorts          []Cohort `json:"cohorts"`
	OmittedCohorts   int64    `json:"omitted_cohorts"` // older ones that are left out
	OmittedCustomers int64    `json:"omitted_customers"`
}

// Cohort is the customers whose first order lies in one month. Active, retention
// and revenue are by the months behind it, index 0 the month itself; months that
// have not ended are left out.
type Cohort struct {
	Month     string    `json:"month"` // e.g. "2024-11"
	Customers int64     `json:"customers"`
	Active    []int64   `json:"active"`
	Retention []float64 `json:"retention"` // active as a share of customers
	Revenue   []string  `json:"revenue"`
}

func cohortsOf(table *valuationv1.CohortTable, currency string) Cohorts {
	out := Cohorts{Cohorts: []Cohort{}, OmittedCohorts: table.GetOmittedCohorts(), OmittedCustomers: table.GetOmittedCustomers()}
	for _, c := range table.GetCohorts() {
		cohort := Cohort{Month: c.GetMonth(), Customers: c.GetCustomers(), Active: []int64{}, Retention: []float64{}, Revenue: []string{}}
		for _, n := range c.GetActiveCustomers() {
			cohort.Active = append(cohort.Active, n)
			cohort.Retention = append(cohort.Retention, share(n, c.GetCustomers()))
		}
		for _, n := range c.GetRevenueMinorUnits() {
			cohort.Revenue = append(cohort.Revenue, money.Format(&apiv1.Money{MinorUnits: n, CurrencyCode: currency}))
		}
		out.Cohorts = append(out.Cohorts, cohort)
	}
	return out
}

// WithCustomers are the cohorts that somebody is in.
func (c Cohorts) WithCustomers() []Cohort {
	var all []Cohort
	for _, cohort := range c.Cohorts {
		if cohort.Customers > 0 {
			all = append(all, cohort)
		}
	}
	return all
}

// Population is how many customers are in the cohorts.
func (c Cohorts) Population() int64 {
	var n int64
	for _, cohort := range c.Cohorts {
		n += cohort.Customers
	}
	return n
}
