// Package lunar tells on which days the holidays of the Chinese calendar fall. It
// computes new moons and solar terms, as the calendar itself is made (GB/T 33661),
// instead of keeping a table.
package lunar

import (
	"math"
	"time"
)

// The years for which dates have been compared with published calendars.
const (
	FirstYear = 1970
	LastYear  = 2096 // in 2097 a new moon falls within seconds of midnight
)

// month is a month of the calendar.
type month struct {
	start  int // day on which it begins
	number int // 1 to 12
	leap   bool
}

const (
	qingming       = 15.0
	winterSolstice = 270.0
)

// dayOf counts days from 1 January 1970.
func dayOf(year int, m time.Month, day int) int {
	return int(time.Date(year, m, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func date(day int) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// term is the day in which the sun passes a longitude, looked for from a day on
// which it has not, within the following month.
func term(from int, degrees float64) int {
	for day := from; ; day++ {
		if angle := math.Mod(sunAt(day+1)-degrees+360, 360); angle < 180 {
			return day
		}
	}
}

func solstice(year int) int { return term(dayOf(year, time.December, 10), winterSolstice) }

// moonOn is the number of the last new moon on or before a day.
func moonOn(day int) int {
	k := int(math.Floor((float64(day) + unixEpoch - meanNewMoon) / meanMonth))
	for newMoonDay(k+1) <= day {
		k++
	}
	for newMoonDay(k) > day {
		k--
	}
	return k
}

// months are those from the one that holds the winter solstice of the year
// before, the eleventh, up to the one that holds the year's own. Where they are
// thirteen, the first in which the sun enters no sign is a leap month.
func months(year int) []month {
	first, next := moonOn(solstice(year-1)), moonOn(solstice(year))
	leapYear, leapt := next-first == 13, false
	var all []month
	number := 11
	for k := first; k < next; k++ {
		m := month{start: newMoonDay(k), number: number}
		if leapYear && !leapt && k > first && sign(m.start) == sign(newMoonDay(k+1)) {
			m.leap, leapt = true, true
			m.number = all[len(all)-1].number
		} else {
			number = number%12 + 1
		}
		all = append(all, m)
	}
	return all
}

// sign is the twelfth of the ecliptic in which the sun stands as a day begins.
func sign(day int) int { return int(sunAt(day) / 30) }

// Day is the day of a month (not a leap month) of the Chinese calendar that falls
// into the months from the winter solstice of the year before to the year's own:
// for month 1 the one that begins in year, for month 12 the one that began about
// its January. The date is at 0 h UTC.
func Day(year, number, day int) time.Time {
	for _, m := range months(year) {
		if m.number == number && !m.leap {
			return date(m.start + day - 1)
		}
	}
	return time.Time{} // every number has a month that is no leap month
}

// NewYearsEve is the day before the Spring Festival of a year.
func NewYearsEve(year int) time.Time { return Day(year, 1, 1).AddDate(0, 0, -1) }

// Qingming is the day of that solar term in a year.
func Qingming(year int) time.Time { return date(term(dayOf(year, time.March, 25), qingming)) }

// WinterSolstice is the day of that solar term in a year.
func WinterSolstice(year int) time.Time { return date(solstice(year)) }
