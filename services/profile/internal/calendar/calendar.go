// Package calendar counts days, weeks and months in a time zone. A period is a
// number, so that the one after it is the number after it, however long either is
// on the clock: a day on which the clocks change is one day.
package calendar

import (
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Unit is what is counted.
type Unit uint8

// The units. Weeks begin on Monday, as in ISO 8601.
const (
	Day Unit = iota + 1
	Week
	Month
)

// Zone finds a time zone by its IANA name; empty is UTC. The fault names the field.
func Zone(field, name string) (*time.Location, error) {
	if name == "Local" { // of the server, which says nothing to the caller
		return nil, noZone(field, name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, noZone(field, name).Because(err)
	}
	return zone, nil
}

func noZone(field, name string) *fault.Fault {
	return fault.Invalid(field, "must be an IANA time zone, e.g. \"Asia/Shanghai\", is %q", name)
}

// Calendar counts periods of one unit in one zone.
type Calendar struct {
	Unit Unit
	Zone *time.Location
}

// Period is the number of the period an instant lies in: of days since 1970-01-01,
// of weeks since that of 1969-12-29, of months since January 1970.
func (c Calendar) Period(t time.Time) int {
	year, month, day := t.In(c.Zone).Date()
	if c.Unit == Month {
		return (year-1970)*12 + int(month) - 1
	}
	days := dayNumber(year, month, day)
	if c.Unit == Week {
		return floorDiv(days+3, 7) // 1970-01-01 was a Thursday
	}
	return days
}

// Start is the first instant of a period: midnight in the zone, or where the
// clocks skip midnight, the first instant after it.
func (c Calendar) Start(period int) time.Time {
	year, month, day := c.firstDay(period)
	t := time.Date(year, month, day, 0, 0, 0, 0, c.Zone)
	if t.Day() == day {
		return t
	}
	// Midnight was skipped, and Date took the offset after the change, which
	// leads into the day before. The day begins when that day ends.
	_, end := t.ZoneBounds()
	return end
}

// Label names a period: "2026-03-01", "2026-W09" or "2026-03".
func (c Calendar) Label(period int) string {
	year, month, day := c.firstDay(period)
	switch c.Unit {
	case Month:
		return fmt.Sprintf("%04d-%02d", year, month)
	case Week:
		y, w := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).ISOWeek()
		return fmt.Sprintf("%04d-W%02d", y, w)
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

func (c Calendar) firstDay(period int) (int, time.Month, int) {
	switch c.Unit {
	case Month:
		return 1970 + floorDiv(period, 12), time.Month(period-12*floorDiv(period, 12)) + 1, 1
	case Week:
		period = 7*period - 3
	}
	return time.Unix(int64(period)*86400, 0).UTC().Date()
}

func dayNumber(year int, month time.Month, day int) int {
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
