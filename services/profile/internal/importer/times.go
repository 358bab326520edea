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

// readTime reads a date (2026-03-14, 2026/3/14, 2026.3.14, 2026年3月14日 or
// 20260314), with or without a time of the day (15:04, 15:04:05, 3:04 PM, 下午 3:04,
// 15时4分, or 150405 behind 20260314), RFC 3339, the number of days by which
// spreadsheets count (46095.5) or Unix time in seconds or milliseconds. What states
// no distance from UTC is in zone; a date alone is its first moment there. A time
// that the clocks of the zone skipped is refused, and so is a date with the year
// at its end, of which nobody knows whether it begins with the day or the month.
func readTime(column, value string, zone *time.Location) (time.Time, *fault.Fault) {
	text := plain(value)
	c, ok := parseClock(text)
	switch {
	case text == "":
		return time.Time{}, invalid(column, "VALUE_MISSING", "must not be empty")
	case !ok && yearLast(text):
		return time.Time{}, invalid(column, "TIME_AMBIGUOUS",
			"must begin with the year, as in 2026-03-14: in %q day and month cannot be told apart", clip(text, 40))
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

// parseClock reads what readTime reads.
func parseClock(text string) (c clockTime, ok bool) {
	if rest, ok := c.parseDate(text); ok {
		return c, rest == "" || c.parseTimeOfDay(rest)
	}
	if bare := unquoted(text); bare != text {
		return parseClock(bare)
	}
	return parseNumeral(text)
}

// parseDate reads a date with separators, and returns what stands behind it and
// behind what separates a time from it.
func (c *clockTime) parseDate(text string) (rest string, ok bool) {
	if c.year, rest, ok = number(text, 4, 4); !ok {
		return "", false
	}
	separators := [3]string{"-", "-", ""}
	switch {
	case strings.HasPrefix(rest, "/"):
		separators = [3]string{"/", "/", ""}
	case strings.HasPrefix(rest, "."):
		separators = [3]string{".", ".", ""}
	case strings.HasPrefix(rest, "年"):
		separators = [3]string{"年", "月", "日"}
	}
	for i, field := range []*int{&c.month, &c.day} {
		if rest, ok = strings.CutPrefix(rest, separators[i]); !ok {
			return "", false
		}
		if *field, rest, ok = number(rest, 1, 2); !ok {
			return "", false
		}
	}
	if rest, ok = strings.CutPrefix(rest, separators[2]); !ok {
		return "", false
	}
	if rest == "" {
		return "", true
	}
	of := strings.TrimLeft(rest, " Tt")
	return of, of != "" && (of != rest || separators[2] != "")
}

// halves are the words for the halves of the day, and the hours between 0:00 and
// where they begin.
var halves = []struct {
	word  string
	hours int
}{{"上午", 0}, {"下午", 12}, {"AM", 0}, {"PM", 12}, {"am", 0}, {"pm", 12}}

// parseTimeOfDay reads 15:04, 15:04:05 or 15时4分5秒, with or without the half of
// the day it is counted from, and a distance from UTC.
func (c *clockTime) parseTimeOfDay(rest string) (ok bool) {
	c.timed = true
	half := -1
	if rest[0] < '0' || rest[0] > '9' {
		half, rest = cutHalf(rest)
	}
	if c.hour, rest, ok = number(rest, 1, 2); !ok {
		return false
	}
	if colon, found := strings.CutPrefix(rest, ":"); found {
		rest, ok = c.parseMinutes(colon)
	} else {
		rest, ok = c.parseChineseMinutes(rest)
	}
	if !ok {
		return false
	}
	if rest = strings.TrimLeft(rest, " "); rest == "" && half < 0 {
		return true
	}
	if half < 0 {
		half, rest = cutHalf(rest)
	}
	if half >= 0 {
		if c.hour > 12 {
			return false
		}
		c.hour = c.hour%12 + half
	}
	return c.parseOffset(rest)
}

// cutHalf takes the word for a half of the day off, and returns -1 where there is none.
func cutHalf(text string) (hours int, rest string) {
	for _, h := range halves {
		if rest, found := strings.CutPrefix(text, h.word); found {
			return h.hours, strings.Trim(rest, " ")
		}
	}
	return -1, text
}

func (c *clockTime) parseMinutes(rest string) (_ string, ok bool) {
	if c.minute, rest, ok = number(rest, 2, 2); !ok {
		return "", false
	}
	if !strings.HasPrefix(rest, ":") {
		return rest, true
	}
	if c.second, rest, ok = number(rest[1:], 2, 2); !ok {
		return "", false
	}
	if !strings.HasPrefix(rest, ".") {
		return rest, true
	}
	length := len(rest)
	if c.nsec, rest, ok = number(rest[1:], 1, 9); !ok {
		return "", false
	}
	for range 10 - (length - len(rest)) {
		c.nsec *= 10
	}
	return rest, true
}

// parseChineseMinutes reads 时4分 or 时4分5秒 behind the hour.
func (c *clockTime) parseChineseMinutes(rest string) (_ string, ok bool) {
	if rest, ok = strings.CutPrefix(rest, "时"); !ok {
		return "", false
	}
	if c.minute, rest, ok = number(rest, 1, 2); !ok {
		return "", false
	}
	if rest, ok = strings.CutPrefix(rest, "分"); !ok || rest == "" {
		return rest, ok
	}
	if c.second, rest, ok = number(rest, 1, 2); !ok {
		return "", false
	}
	return strings.CutPrefix(rest, "秒")
}

func (c *clockTime) parseOffset(rest string) (ok bool) {
	if rest == "" {
		return true
	}
	c.zoned = true
	if rest == "Z" || rest == "z" || rest == "UTC" || rest == "GMT" {
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
