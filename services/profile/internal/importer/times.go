package importer

import (
	"strings"
	"time"
	_ "time/tzdata" // zones are to be known on machines that have none

	"github.com/kehuhq/kehu/pkg/fault"
)

// clockTime is a point in time as it is written: a date of the calendar, a time
// of the day, and where it is stated the distance from UTC.
type clockTime struct {
	year, month, day           int
	hour, minute, second, nsec int
	timed, zoned               bool
	offset                     time.Duration // east of UTC
}

// readTime reads a date (2026-03-14, 2026/3/14 or 2026年3月14日), with or
// without a time of the day (15:04 or 15:04:05), or RFC 3339. What states no
// distance from UTC is in zone; a date alone is its first moment there. A time
// that the clocks of the zone skipped is refused.
func readTime(column, value string, zone *time.Location) (time.Time, *fault.Fault) {
	text := plain(value)
	c, ok := parseClock(text)
	switch {
	case text == "":
		return time.Time{}, invalid(column, "VALUE_MISSING", "must not be empty")
	case !ok:
		return time.Time{}, invalid(column, "TIME_MALFORMED",
			"must be a date such as 2026-03-14, 2026/3/14 or 2026年3月14日, with or without a time 15:04:05, or RFC 3339, is %q", clip(text, 40))
	case c.month < 1 || c.month > 12 || c.day < 1 || c.day > daysIn(c.year, c.month):
		return time.Time{}, invalid(column, "TIME_NOT_IN_CALENDAR", "is not a date of the calendar: %q", clip(text, 40))
	case c.hour > 23 || c.minute > 59 || c.second > 59:
		return time.Time{}, invalid(column, "TIME_MALFORMED", "must be a time between 00:00:00 and 23:59:59, is %q", clip(text, 40))
	case c.zoned:
		return c.in(time.UTC).Add(-c.offset), nil
	}
	t := c.in(zone)
	if t.Hour() == c.hour && t.Minute() == c.minute {
		return t.UTC(), nil
	}
	if !c.timed {
		return firstMoment(t, c).UTC(), nil
	}
	return time.Time{}, invalid(column, "TIME_SKIPPED", "does not exist in %s, where the clocks were put forward: %q", zone, clip(text, 40))
}

func (c clockTime) in(zone *time.Location) time.Time {
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.nsec, zone)
}

// firstMoment is when a day begins whose midnight the clocks skipped. near is
// within an hour or two of it.
func firstMoment(near time.Time, c clockTime) time.Time {
	before, change := near.ZoneBounds()
	if near.Day() == c.day && !before.IsZero() {
		return before
	}
	return change
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func parseClock(text string) (c clockTime, ok bool) {
	rest := text
	if c.year, rest, ok = number(rest, 4, 4); !ok {
		return c, false
	}
	separators := [3]string{"-", "-", ""}
	switch {
	case strings.HasPrefix(rest, "/"):
		separators = [3]string{"/", "/", ""}
	case strings.HasPrefix(rest, "年"):
		separators = [3]string{"年", "月", "日"}
	}
	for i, field := range []*int{&c.month, &c.day} {
		if rest, ok = strings.CutPrefix(rest, separators[i]); !ok {
			return c, false
		}
		if *field, rest, ok = number(rest, 1, 2); !ok {
			return c, false
		}
	}
	if rest, ok = strings.CutPrefix(rest, separators[2]); !ok {
		return c, false
	}
	if rest == "" {
		return c, true
	}
	time := strings.TrimLeft(rest, " Tt")
	if time == rest && separators[2] == "" {
		return c, false
	}
	return c, c.parseTimeOfDay(time)
}

func (c *clockTime) parseTimeOfDay(rest string) (ok bool) {
	c.timed = true
	if c.hour, rest, ok = number(rest, 1, 2); !ok || !strings.HasPrefix(rest, ":") {
		return false
	}
	if c.minute, rest, ok = number(rest[1:], 2, 2); !ok {
		return false
	}
	if strings.HasPrefix(rest, ":") {
		if c.second, rest, ok = number(rest[1:], 2, 2); !ok {
			return false
		}
		if strings.HasPrefix(rest, ".") {
			length := len(rest)
			if c.nsec, rest, ok = number(rest[1:], 1, 9); !ok {
				return false
			}
			for range 10 - (length - len(rest)) {
				c.nsec *= 10
			}
		}
	}
	return c.parseOffset(strings.TrimLeft(rest, " "))
}

func (c *clockTime) parseOffset(rest string) (ok bool) {
	if rest == "" {
		return true
	}
	c.zoned = true
	if rest == "Z" || rest == "z" {
		return true
	}
	west := rest[0] == '-'
	if !west && rest[0] != '+' {
		return false
	}
	hours, rest, ok := number(rest[1:], 2, 2)
	if !ok {
		return false
	}
	minutes, rest, ok := number(strings.TrimPrefix(rest, ":"), 2, 2)
	c.offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if west {
		c.offset = -c.offset
	}
	return ok && rest == "" && hours < 24 && minutes < 60
}

// number reads from least to most digits.
func number(text string, least, most int) (n int, rest string, ok bool) {
	i := 0
	for i < len(text) && i < most && text[i] >= '0' && text[i] <= '9' {
		n = n*10 + int(text[i]-'0')
		i++
	}
	return n, text[i:], i >= least
}
