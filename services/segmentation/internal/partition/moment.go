package partition

import (
	"time"
	_ "time/tzdata" // so that zones are known wherever the service runs

	"github.com/kehuhq/kehu/pkg/fault"
)

// Moment is the instant of which customers are looked at, with the calendar day it
// is in a zone.
type Moment struct {
	At   time.Time
	Zone *time.Location
	day  int
}

// MomentOf is a present moment.
func MomentOf(at time.Time, zone *time.Location) Moment {
	return Moment{At: at, Zone: zone, day: dayOf(at, zone)}
}

// dayOf numbers the calendar day of an instant in a zone: 0 is 1970-01-01.
func dayOf(t time.Time, zone *time.Location) int {
	y, m, d := t.In(zone).Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// step is finer than any change of a zone's offset.
const step = 15 * time.Minute

// startOf is the first instant of a calendar day in a zone. Where clocks are put
// forward at midnight, or back across it, time.Date is off by the change.
func startOf(day int, zone *time.Location) time.Time {
	t := time.Date(1970, 1, 1+day, 0, 0, 0, 0, zone)
	for dayOf(t, zone) < day {
		t = t.Add(step)
	}
	for back := 0; back < 12 && dayOf(t.Add(-step), zone) >= day; back++ {
		t = t.Add(-step)
	}
	return t.UTC()
}

// since is how many midnights of the zone lie between an instant and the moment;
// negative for one in the future, so that it grows by one a day always.
func (m Moment) since(t time.Time) float64 { return float64(m.day - dayOf(t, m.Zone)) }

// after is the instant at which what counts days has grown by so many.
func (m Moment) after(days int) time.Time { return startOf(m.day+days, m.Zone) }

// ZoneOf finds a time zone; empty is UTC.
func ZoneOf(field, name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fault.Invalid(field, "must be an IANA time zone, e.g. Asia/Shanghai, is %.64q", name)
	}
	return zone, nil
}
