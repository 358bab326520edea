package importer

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Times as numbers without separators. Each has a length, or a range, that no
// other has.
const (
	// Unix time is read where it cannot be a date and hour, 2024111100: up to 2030.
	leastUnix, mostUnix = 1_000_000_000, 1_900_000_000
	// Days since 1899-12-30, as spreadsheets count: from 1954 to 2119.
	leastSerial, mostSerial = 20_000, 80_000
)

// parseNumeral reads 20260314, 20260314150926, the day number of a spreadsheet,
// or Unix time in seconds or milliseconds.
func parseNumeral(text string) (clockTime, bool) {
	whole, fraction, point := strings.Cut(text, ".")
	if !digits(whole) || !digits(fraction) {
		return parseCompact(text)
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	switch {
	case err != nil:
		return clockTime{}, false
	case len(whole) == 5 && n >= leastSerial && n < mostSerial && (fraction != "" || !point):
		return serial(n, fraction), true
	case point:
		return clockTime{}, false
	case len(whole) == 10 && n >= leastUnix && n < mostUnix:
		return moment(time.Unix(n, 0)), true
	case len(whole) == 13 && n >= leastUnix*1000 && n < mostUnix*1000:
		return moment(time.UnixMilli(n)), true
	}
	return parseCompact(text)
}

// serial is the day with a number, to the nearest second: the fraction of a day is
// a floating point number in spreadsheets.
func serial(day int64, fraction string) clockTime {
	const seconds = 24 * 60 * 60
	part, err := strconv.ParseFloat("0."+fraction+"0", 64)
	if err != nil {
		part = 0 // does not come: these are digits
	}
	at := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC).
		Add(time.Duration(day*seconds+int64(math.Round(part*seconds))) * time.Second)
	c := wallClock(at)
	c.timed = c.hour+c.minute+c.second > 0
	return c
}

// moment is a point in time that needs no zone.
func moment(t time.Time) clockTime {
	c := wallClock(t.UTC())
	c.zoned = true
	return c
}

func wallClock(t time.Time) clockTime {
	return clockTime{
		year: t.Year(), month: int(t.Month()), day: t.Day(),
		hour: t.Hour(), minute: t.Minute(), second: t.Second(), nsec: t.Nanosecond(), timed: true,
	}
}

// parseCompact reads 20260314, alone or before a time of the day, with separators
// (20260314 15:09:26) or without.
func parseCompact(text string) (c clockTime, ok bool) {
	for _, field := range []struct {
		to     *int
		digits int
	}{{&c.year, 4}, {&c.month, 2}, {&c.day, 2}} {
		if *field.to, text, ok = number(text, field.digits, field.digits); !ok {
			return c, false
		}
	}
	if text == "" {
		return c, true
	}
	if rest := strings.TrimLeft(text, " Tt"); rest != text {
		return c, rest != "" && c.parseTimeOfDay(rest)
	}
	if len(text) != len("150926") || !digits(text) {
		return c, false
	}
	c.timed = true
	for i, to := range []*int{&c.hour, &c.minute, &c.second} {
		*to, _, _ = number(text[2*i:], 2, 2)
	}
	return c, true
}

// yearLast reports a date with its year behind day and month, 11/12/2024.
func yearLast(text string) bool {
	_, rest, ok := number(text, 1, 2)
	if !ok || rest == "" || strings.IndexByte("/-.", rest[0]) < 0 {
		return false
	}
	separator := rest[:1]
	if _, rest, ok = number(rest[1:], 1, 2); !ok || !strings.HasPrefix(rest, separator) {
		return false
	}
	_, _, ok = number(rest[1:], 2, 4)
	return ok
}
