package domain

import (
	"fmt"
	"time"
)

// Period is a stretch of the calendar by which customers are put into cohorts.
type Period uint8

// The periods.
const (
	Month Period = iota // of the calendar
	Week                // of ISO 8601, Monday to Sunday
)

// Periods lists them.
var Periods = [...]Period{Month, Week}

// At numbers the period of a day, the later the higher.
func (p Period) At(day int64) int64 {
	if p == Week {
		return floorDiv(day+3, 7) // 1970-01-01 was a Thursday
	}
	year, month, _ := dayTime(day).Date()
	return int64(year)*12 + int64(month) - 1
}

// FirstDay is the first day of a period.
func (p Period) FirstDay(number int64) int64 {
	if p == Week {
		return 7*number - 3
	}
	first := time.Date(0, time.Month(number+1), 1, 0, 0, 0, 0, time.UTC)
	return floorDiv(first.Unix(), dayMS/1000)
}

// Name writes a period as YYYY-MM, a week as YYYY-Www.
func (p Period) Name(number int64) string {
	first := dayTime(p.FirstDay(number))
	if p == Week {
		year, week := first.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	}
	return first.Format("2006-01")
}

func dayTime(day int64) time.Time { return time.Unix(day*(dayMS/1000), 0).UTC() }

// Date writes a day as YYYY-MM-DD.
func Date(day int64) string { return dayTime(day).Format(time.DateOnly) }

// ages tells how many periods lie between a day's and the as-of date's. Those of
// the cohorts that are followed are looked up: every order is asked for.
type ages struct {
	period Period
	asOf   int64 // period of the as-of date
	first  int64 // the first day that is looked up
	table  []int8
}

func newAges(period Period, asOfDay int64) *ages {
	a := &ages{period: period, asOf: period.At(asOfDay)}
	a.first = period.FirstDay(a.asOf - CohortsFollowed + 1)
	for day := a.first; day <= asOfDay; day++ {
		a.table = append(a.table, int8(a.asOf-period.At(day)))
	}
	return a
}

// of is 0 for the period of the as-of date. It is 0 too for a day behind that
// date, on which its last moments may lie where the clocks go back over midnight.
func (a *ages) of(day int64) int64 {
	switch i := day - a.first; {
	case i < 0:
		return a.asOf - a.period.At(day)
	case i >= int64(len(a.table)):
		return 0
	default:
		return int64(a.table[i])
	}
}
