package domain

import (
	"math"
	"sort"
	"time"
	_ "time/tzdata" // zones are to be known on machines that have none
)

const dayMS = 24 * 60 * 60 * 1000

// Calendar tells on which local day an instant lies. Days are counted from
// 1970-01-01; instants are in milliseconds since 1970-01-01T00:00:00Z.
type Calendar struct {
	spans []span // ascending
}

// span is a stretch of time with one offset from UTC. It lasts until the next.
type span struct{ from, offset int64 } // milliseconds

// calendarStart is before any order that is taken as one.
var calendarStart = time.Date(1969, 12, 1, 0, 0, 0, 0, time.UTC)

// NewCalendar makes the calendar of a zone, exact up to the time given. Looking
// the offsets up once is what makes the days of millions of orders cheap.
func NewCalendar(zone *time.Location, until time.Time) Calendar {
	var c Calendar
	for t := calendarStart; ; {
		local := t.In(zone)
		_, offset := local.Zone()
		from := t.UnixMilli()
		if len(c.spans) == 0 {
			from = math.MinInt64
		}
		c.spans = append(c.spans, span{from, int64(offset) * 1000})
		_, end := local.ZoneBounds()
		if end.IsZero() || !end.Before(until) {
			return c
		}
		t = end
	}
}

// Day is the local day of an instant.
func (c Calendar) Day(ms int64) int64 {
	next := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].from > ms })
	return floorDiv(ms+c.spans[next-1].offset, dayMS)
}

// EndOf is the first instant after which every local day is later than day.
// That is midnight, save where a change of the clocks leaves midnight out or
// has it twice.
func (c Calendar) EndOf(day int64) int64 {
	after := int64(math.MaxInt64)
	for i := len(c.spans) - 1; ; i-- {
		midnight := (day+1)*dayMS - c.spans[i].offset
		if i == 0 || midnight > c.spans[i].from {
			return min(midnight, after)
		}
		after = c.spans[i].from
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// parseDay reads a date, YYYY-MM-DD.
func parseDay(date string) (int64, error) {
	t, err := time.Parse(time.DateOnly, date)
	return floorDiv(t.Unix(), dayMS/1000), err
}
