package rule

import (
	"math"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// never is what days_since and days_until are of an instant or date that is not
// known: more than any.
const never = math.MaxInt32

// noAge is the age of whom the birth date is not known.
const noAge = -1

type gaugeKind uint8

const (
	constant   gaugeKind = iota
	sinceHours           // whole days of 24 hours since an instant
	sinceDays            // days of the calendar since a day
	yearsSince           // completed years since a date
	daysToDate           // days of the calendar to a date's next return
)

// gauge is a whole number that the passing of time alone changes.
type gauge struct {
	kind  gaugeKind
	fixed int64     // of constant
	from  time.Time // of sinceHours
	day   int64     // of sinceDays
	date  facts.Date
	zone  *time.Location
}

// sinceInstant is days_since of an instant; without a zone in days of 24 hours.
func sinceInstant(t time.Time, zone *time.Location) gauge {
	switch {
	case t.Equal(facts.Never):
		return gauge{kind: constant, fixed: never}
	case zone == nil:
		return gauge{kind: sinceHours, from: t}
	}
	return gauge{kind: sinceDays, day: dayOf(t.In(zone)), zone: zone}
}

// sinceDate is days_since of a date.
func sinceDate(d facts.Date, zone *time.Location) gauge {
	if d.Year == 0 || d.Month == 0 || d.Day == 0 {
		return gauge{kind: constant, fixed: never}
	}
	return gauge{kind: sinceDays, day: dayNumber(d.Year, d.Month, d.Day), zone: zone}
}

func ageOf(d facts.Date, zone *time.Location) gauge {
	if d.Year == 0 || d.Month == 0 || d.Day == 0 {
		return gauge{kind: constant, fixed: noAge}
	}
	return gauge{kind: yearsSince, date: d, zone: zone}
}

func untilReturn(d facts.Date, zone *time.Location) gauge {
	if d.Month == 0 || d.Day == 0 {
		return gauge{kind: constant, fixed: never}
	}
	return gauge{kind: daysToDate, date: d, zone: zone}
}

// value is the number at an instant.
func (g *gauge) value(at time.Time) int64 {
	switch g.kind {
	case sinceHours:
		return wholeDays(g.from, at)
	case sinceDays:
		return dayOf(at.In(g.zone)) - g.day
	case yearsSince:
		local := at.In(g.zone)
		age := int64(local.Year() - g.date.Year)
		if dayOf(local) < anniversary(g.date, local.Year()) {
			age--
		}
		return age
	case daysToDate:
		local := at.In(g.zone)
		today := dayOf(local)
		next := anniversary(g.date, local.Year())
		if next < today {
			next = anniversary(g.date, local.Year()+1)
		}
		return next - today
	}
	return g.fixed
}

// wholeDays are the days of 24 hours from one instant to another, rounded down; it
// does not overflow as a duration would.
func wholeDays(from, to time.Time) int64 {
	seconds := to.Unix() - from.Unix()
	if to.Nanosecond() < from.Nanosecond() {
		seconds--
	}
	return floorDiv(seconds, daySeconds)
}

// flips is the next instant after at, at which a comparison of the number with a
// threshold gives another answer; zero where it never does.
func (g *gauge) flips(at time.Time, c comparison) time.Time {
	if g.kind == constant {
		return time.Time{}
	}
	was := c.holds(g.value(at))
	const most = 100 // steps: the answer is early then, but never late
	for range most {
		low, high := c.bounds()
		next := g.crosses(at, low)
		if high != low {
			next = earlier(next, g.crosses(at, high))
		}
		if at = next; at.IsZero() || c.holds(g.value(at)) != was {
			break
		}
	}
	return at
}

// crosses is the next instant after at, at which the number comes to be at least the
// bound, or to be less; zero where it never does.
func (g *gauge) crosses(at time.Time, bound int64) time.Time {
	if bound > farDays || bound < -farDays {
		return time.Time{}
	}
	switch g.kind {
	case sinceHours:
		if when := time.Unix(g.from.Unix()+bound*daySeconds, int64(g.from.Nanosecond())); when.After(at) {
			return when
		}
	case sinceDays:
		return reach(at, g.zone, g.day+bound)
	case yearsSince:
		if bound < 10_000 && bound > -10_000 {
			return reach(at, g.zone, anniversary(g.date, g.date.Year+int(bound)))
		}
	case daysToDate:
		return g.approaches(at, bound)
	}
	return time.Time{}
}

// approaches is crosses of daysToDate: the number falls by one a day to zero, and
// leaps up again on the day behind the date.
func (g *gauge) approaches(at time.Time, bound int64) time.Time {
	if bound <= 0 || bound > 366 {
		return time.Time{}
	}
	local := at.In(g.zone)
	today, left := dayOf(local), g.value(at)
	if next := nextDayChange(at, g.zone); dayOf(next.In(g.zone)) < today {
		return next
	}
	if left >= bound {
		return reach(at, g.zone, today+left-bound+1)
	}
	return reach(at, g.zone, today+left+1)
}

// earlier of two instants, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
