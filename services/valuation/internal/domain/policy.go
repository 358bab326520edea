// Package domain holds what the valuation service is about: what a customer's
// orders come to as of a date, and how that compares with all others. Its checks
// return faults that name fields by their paths in the API.
package domain

import (
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
)

// Ties says how customers with equal values are scored.
type Ties uint8

// The ways to score ties.
const (
	SharedTies  Ties = iota + 1 // equal values, equal scores
	OrdinalTies                 // ranked by customer id
)

// Threshold says what parts high scores from low ones.
type Threshold uint8

// The thresholds.
const (
	MeanThreshold Threshold = iota + 1
	MedianThreshold
)

// Policy says how a refresh values and scores.
type Policy struct {
	AsOfDate  string // YYYY-MM-DD, a day in Zone that counts to its end
	Zone      string // IANA name
	Currency  string // ISO 4217; empty until the commonest is known
	Reporting string // ISO 4217 of the currency all orders are converted into; empty converts none
	Ties      Ties
	Threshold Threshold
	// Prediction says how to predict, Alerts of whom to warn.
	Prediction PredictionPolicy
	Alerts     AlertPolicy
}

// earliestAsOf is the first day there can have been an order.
const earliestAsOf = 0 // 1970-01-01

// Normalize fills in the defaults and reports everything that is wrong.
func (p *Policy) Normalize(now time.Time) error {
	if p.Zone == "" {
		p.Zone = "UTC"
	}
	if p.Ties == 0 {
		p.Ties = SharedTies
	}
	if p.Threshold == 0 {
		p.Threshold = MeanThreshold
	}
	p.Prediction.normalize()
	p.Alerts.normalize()
	zone, wrongZone := p.location()
	if wrongZone != nil {
		zone = time.UTC // so that the date is checked too
	}
	wrong := fault.Merge(p.checkDate(now.In(zone)), wrongZone, checkCurrency("policy.currency_code", p.Currency),
		checkCurrency("policy.reporting_currency_code", p.Reporting), p.checkReporting())
	if p.Reporting != "" {
		p.Currency = p.Reporting
	}
	return wrong
}

func (p *Policy) location() (*time.Location, *fault.Fault) {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil || p.Zone == "Local" { // the machine's zone is nobody's
		return nil, fault.Invalid("policy.time_zone", "must be an IANA time zone, e.g. \"Asia/Shanghai\", is %q", p.Zone)
	}
	return zone, nil
}

func (p *Policy) checkDate(now time.Time) *fault.Fault {
	const field = "policy.as_of_date"
	day, err := parseDay(p.AsOfDate)
	if err != nil {
		return fault.Invalid(field, "must be a date of the calendar, YYYY-MM-DD, is %q", p.AsOfDate)
	}
	// An order may be dated up to a day ahead, for clocks differ.
	tomorrow := now.AddDate(0, 0, 1).Format(time.DateOnly)
	if day < earliestAsOf || p.AsOfDate > tomorrow {
		return fault.Invalid(field, "must be from 1970-01-01 to %s, is %s", tomorrow, p.AsOfDate)
	}
	return nil
}

func checkCurrency(field, code string) *fault.Fault {
	if code == "" {
		return nil
	}
	if _, known := money.Decimals(code); !known {
		return fault.Invalid(field, "must be empty or an ISO 4217 code in upper case, e.g. \"CNY\", is %q", code)
	}
	return nil
}

// checkReporting reports a currency to score in that no order is left in.
func (p *Policy) checkReporting() *fault.Fault {
	if p.Reporting == "" || p.Currency == "" || p.Currency == p.Reporting {
		return nil
	}
	return fault.Invalid("policy.currency_code", "must be empty or %q, into which all orders are converted, is %q", p.Reporting, p.Currency)
}

// AsOf is the moment for which a refresh holds.
type AsOf struct {
	Day      int64 // the as-of date
	EndMS    int64 // its end: orders from then on do not count
	Calendar Calendar
}

// Time is the end of the as-of date.
func (a AsOf) Time() time.Time { return time.UnixMilli(a.EndMS).UTC() }

// AsOf resolves the date in the zone. The policy must have passed Normalize.
func (p *Policy) AsOf() (AsOf, error) {
	zone, wrong := p.location()
	if wrong != nil {
		return AsOf{}, wrong
	}
	day, err := parseDay(p.AsOfDate)
	if err != nil {
		return AsOf{}, fault.Invalid("policy.as_of_date", "must be a date of the calendar, YYYY-MM-DD, is %q", p.AsOfDate)
	}
	// Three days behind the date, every zone's clock is past it.
	a := AsOf{Day: day, Calendar: NewCalendar(zone, time.UnixMilli((day+3)*dayMS))}
	a.EndMS = a.Calendar.EndOf(day)
	return a, nil
}
