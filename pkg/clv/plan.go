package clv

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Limits of a Plan.
const (
	MaxPeriods        = 1200
	MaxPeriodsPerYear = 366
	// MaxMinor is the largest margin of a period and the largest historic value,
	// in minor units, either way.
	MaxMinor = 1_000_000_000_000
	// MaxDiscountRate is the largest annual discount rate.
	MaxDiscountRate = 10
)

// Timing is when in its period a margin falls due.
type Timing string

// The timings.
const (
	Start Timing = "start"
	End   Timing = "end"
)

// Plan is what a value is worked out from. A Result holds it, so that the value
// can be worked out again.
type Plan struct {
	// Margins is the margin of each period from one who is still a customer then,
	// in minor units; negative where serving costs more than it brings.
	Margins []int64
	// PeriodsPerYear is 1 for years, 4 for quarters, 12 for months, 52 for weeks.
	PeriodsPerYear int
	// Retention is the share of customers who are still there after a year, 0 to 1.
	Retention float64
	// DiscountRate is the discount rate of a year, e.g. 0.1; 0 to MaxDiscountRate.
	DiscountRate float64
	Timing       Timing
	// Historic is the margin that the customer has brought so far, in minor units.
	Historic int64
}

// Level is a plan of the same margin in each of so many periods.
func Level(margin int64, periods int) []int64 {
	margins := make([]int64, max(0, min(periods, MaxPeriods+1)))
	for i := range margins {
		margins[i] = margin
	}
	return margins
}

// Check reports everything that is wrong with a plan, as an InvalidArgument fault.
func (p Plan) Check() error {
	var wrong []*fault.Fault
	if n := len(p.Margins); n < 1 || n > MaxPeriods {
		wrong = append(wrong, fault.Invalid("periods", "must be 1 to %d", MaxPeriods))
	}
	for i, m := range p.Margins {
		if m > MaxMinor || m < -MaxMinor {
			wrong = append(wrong, fault.Invalid("margin", "must be within ±%d minor units, is %d in period %d", int64(MaxMinor), m, i+1))
			break
		}
	}
	if p.Historic > MaxMinor || p.Historic < -MaxMinor {
		wrong = append(wrong, fault.Invalid("historic", "must be within ±%d minor units, is %d", int64(MaxMinor), p.Historic))
	}
	if p.PeriodsPerYear < 1 || p.PeriodsPerYear > MaxPeriodsPerYear {
		wrong = append(wrong, fault.Invalid("periods_per_year", "must be 1 to %d, is %d", MaxPeriodsPerYear, p.PeriodsPerYear))
	}
	if !(p.Retention >= 0 && p.Retention <= 1) {
		wrong = append(wrong, fault.Invalid("retention", "must be a share of a year's customers between 0 and 1, is %v", p.Retention))
	}
	if !(p.DiscountRate >= 0 && p.DiscountRate <= MaxDiscountRate) {
		wrong = append(wrong, fault.Invalid("discount_rate", "must be an annual rate between 0 and %d, e.g. 0.1, is %v", MaxDiscountRate, p.DiscountRate))
	}
	if p.Timing != Start && p.Timing != End {
		wrong = append(wrong, fault.Invalid("timing", "must be start or end, is %q", string(p.Timing)))
	}
	return fault.Merge(wrong...)
}

// PeriodRetention is r = R^(1/n), the share of customers who stay for a period.
func (p Plan) PeriodRetention() float64 { return math.Pow(p.Retention, 1/float64(p.PeriodsPerYear)) }

// PeriodDiscount is d = (1+D)^(1/n) − 1, the discount rate of a period.
func (p Plan) PeriodDiscount() float64 {
	return math.Expm1(math.Log1p(p.DiscountRate) / float64(p.PeriodsPerYear))
}

// first is t of the first margin.
func (p Plan) first() int {
	if p.Timing == End {
		return 1
	}
	return 0
}
