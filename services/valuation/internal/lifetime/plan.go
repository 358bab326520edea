// Package lifetime is valuation's room for lifetime values by plan: margins,
// retention and a discount rate that are stated, or taken from what the last
// refresh knows of the customer and of all cohorts. It keeps nothing.
package lifetime

import (
	"fmt"
	"math"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/clv"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/retention"
)

// What a plan has where nothing is stated.
const (
	usualPeriods      = 5 // years
	usualDiscountRate = 0.1
)

// leastDays is how old a first order must be for a margin a year to be told from it.
const leastDays = 90

// leastFollowed is how many customers must have been followed for a retention.
const leastFollowed = 30

// year is 12 months, in months, and leastMonths the shortest time from which a
// year's retention is told.
const (
	year        = 12
	leastMonths = 3
)

// terms reads what is stated of a plan, without margins and retention.
func terms(r *valuationv1.ComputeLifetimeValueRequest) (plan clv.Plan, periods int, err error) {
	plan = clv.Plan{PeriodsPerYear: int(r.GetPeriodsPerYear()), DiscountRate: usualDiscountRate, Timing: clv.End}
	if plan.PeriodsPerYear == 0 {
		plan.PeriodsPerYear = 1
	}
	if r.DiscountRate != nil {
		plan.DiscountRate = r.GetDiscountRate()
	}
	if r.GetTiming() == valuationv1.LifetimeTiming_LIFETIME_TIMING_START {
		plan.Timing = clv.Start
	}
	periods = int(r.GetPeriods())
	stated := len(r.GetMarginMinorUnits())
	switch {
	case periods > 0 && stated > 1 && periods != stated:
		return plan, 0, fault.Invalid("periods", "must be left out, or %d as there are margins", stated)
	case stated > 1:
		periods = stated
	case periods == 0:
		periods = min(usualPeriods*plan.PeriodsPerYear, clv.MaxPeriods)
	}
	return plan, periods, nil
}

// perPeriod is a customer's margin a period: what was earned so far over the days
// since the first order, that of the first and of the as-of date included.
func perPeriod(v *domain.Valuation, asOf domain.AsOf, periodsPerYear int) (int64, error) {
	if !v.Historic.Known {
		return 0, fault.New(fault.FailedPrecondition, "COST_UNKNOWN",
			"no order of customer %q has a known cost of its goods, so that there is no margin: state margin_minor_units, or record orders with their cost", v.Customer)
	}
	days := asOf.Day - asOf.Calendar.Day(v.FirstMS) + 1
	if days < leastDays {
		return 0, fault.New(fault.FailedPrecondition, "HISTORY_TOO_SHORT",
			"the first order of customer %q is %d days old; from less than %d a margin a year is guesswork: state margin_minor_units", v.Customer, days, leastDays)
	}
	margin := math.RoundToEven(float64(v.Historic.Minor) / float64(days) * 365 / float64(periodsPerYear))
	return int64(max(-clv.MaxMinor, min(clv.MaxMinor, margin))), nil
}

// annual is the share of customers still there a year behind their first order:
// of all monthly cohorts, those with an order 12 months behind it or later. Where
// too few were followed for so long, it is that of as many months n as there are,
// to the power of 12/n.
func annual(counted *domain.Retention) (share float64, basis string, err error) {
	overall := retention.NewTable(counted, retention.Rolling, domain.Month).Overall
	for n := min(year, len(overall)-1); n >= leastMonths; n-- {
		e := overall[n]
		if e.Base < leastFollowed {
			continue
		}
		share = float64(e.Amount) / float64(e.Base)
		basis = fmt.Sprintf("rolling retention: %d of %d customers had an order %d months behind the first or later", e.Amount, e.Base, n)
		if n < year {
			basis += fmt.Sprintf("; to the power of 12/%d for a year", n)
			share = math.Pow(share, year/float64(n))
		}
		return share, basis, nil
	}
	return 0, "", fault.New(fault.FailedPrecondition, "RETENTION_UNKNOWN",
		"fewer than %d customers have been followed for %d months or more: state retention", leastFollowed, leastMonths)
}
