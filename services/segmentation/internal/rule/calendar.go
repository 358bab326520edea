package rule

import (
	"regexp"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// A day number counts the days of a calendar from 1970-01-01, which is 0.

const daySeconds = 24 * 60 * 60

// farDays is more days than any two dates of the years 1 to 9999 are apart.
const farDays = 4_000_000

// dayOf is the day number of an instant in its own zone.
func dayOf(local time.Time) int64 {
	_, offset := local.Zone()
	return floorDiv(local.Unix()+int64(offset), daySeconds)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// dayNumber is that of a date. One that does not exist is as many days behind the
// month's last as it is beyond it: 29 February of a common year is 1 March.
func dayNumber(year, month, day int) int64 {
	return floorDiv(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix(), daySeconds)
}

// nextDayChange is the first instant after at that has another date in the zone.
// Between two changes of its offset from UTC that is midnight; a change itself can
// leap into another date, or back into the one before.
func nextDayChange(at time.Time, zone *time.Location) time.Time {
	day := dayOf(at.In(zone))
	for second := at.Unix(); ; {
		offset := offsetAt(second, zone)
		midnight := (day+1)*daySeconds - offset
		if offsetAt(midnight, zone) == offset {
			return time.Unix(midnight, 0)
		}
		second = offsetChange(second, midnight, zone)
		if change := time.Unix(second, 0); dayOf(change.In(zone)) != day {
			return change
		}
	}
}

func offsetAt(second int64, zone *time.Location) int64 {
	_, offset := time.Unix(second, 0).In(zone).Zone()
	return int64(offset)
}

// offsetChange is the second behind from, and up to the one given, at which the
// zone's offset changes; there is one. (Time.ZoneBounds cannot be asked: it goes
// wrong on the last day of leap years to come.)
func offsetChange(from, to int64, zone *time.Location) int64 {
	before := offsetAt(from, zone)
	steps := sort.Search(int(to-from), func(i int) bool { return offsetAt(from+int64(i)+1, zone) != before })
	return from + int64(steps) + 1
}

// reach is the next instant after at, at which the zone's date comes to a day, or
// falls back behind it; zero where it never does.
func reach(at time.Time, zone *time.Location, day int64) time.Time {
	today := dayOf(at.In(zone))
	if today >= day {
		// Only a change of the offset can undo that, and it does on the day itself.
		if today > day {
			return time.Time{}
		}
		if next := nextDayChange(at, zone); dayOf(next.In(zone)) < day {
			return next
		}
		return time.Time{}
	}
	if day-today > farDays {
		return time.Time{}
	}
	// No zone is a day ahead of UTC.
	if near := time.Unix((day-2)*daySeconds, 0); near.After(at) {
		at = near
	}
	for {
		if at = nextDayChange(at, zone); dayOf(at.In(zone)) >= day {
			return at
		}
	}
}

// anniversary is the day number of a date's return in a year.
func anniversary(d facts.Date, year int) int64 { return dayNumber(year, d.Month, d.Day) }

var offsetZone = regexp.MustCompile(`^([+-]?)([01]\d):([0-5]\d)$`)

// zones keeps the zones that have been asked for: finding one reads a file.
var zones sync.Map // of *time.Location, by name

// zoneOf returns a time zone by its IANA name or offset, e.g. "Asia/Shanghai", "+08:00".
func zoneOf(name string) (*time.Location, bool) {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), true
	}
	var zone *time.Location
	if m := offsetZone.FindStringSubmatch(name); m != nil {
		hours, _ := strconv.Atoi(m[2])
		minutes, _ := strconv.Atoi(m[3])
		offset := (hours*60 + minutes) * 60
		if m[1] == "-" {
			offset = -offset
		}
		zone = time.FixedZone(name, offset)
	} else {
		if name == "" || name == "Local" {
			return nil, false
		}
		loaded, err := time.LoadLocation(name)
		if err != nil {
			return nil, false
		}
		zone = loaded
	}
	zones.Store(name, zone)
	return zone, true
}

func isZone(name string) bool {
	_, ok := zoneOf(name)
	return ok
}
