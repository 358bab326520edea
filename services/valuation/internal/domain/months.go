package domain

import "time"

// months tells how many calendar months lie between a day's and the as-of date's.
// Those of the cohorts that are followed are looked up: every order is asked for.
type months struct {
	asOf  int64 // month of the as-of date
	first int64 // the first day that is looked up
	ages  []int8
}

func newMonths(asOfDay int64) *months {
	m := &months{asOf: monthOf(asOfDay)}
	m.first = firstDay(m.asOf - CohortMonths + 1)
	for day := m.first; day <= asOfDay; day++ {
		m.ages = append(m.ages, int8(m.asOf-monthOf(day)))
	}
	return m
}

// age is 0 for the month of the as-of date. It is 0 too for a day behind that
// date, on which its last moments may lie where the clocks go back over midnight.
func (m *months) age(day int64) int64 {
	switch i := day - m.first; {
	case i < 0:
		return m.asOf - monthOf(day)
	case i >= int64(len(m.ages)):
		return 0
	default:
		return int64(m.ages[i])
	}
}

// monthOf numbers the month of a day; January of the year 0 is 0.
func monthOf(day int64) int64 {
	year, month, _ := time.Unix(day*(dayMS/1000), 0).UTC().Date()
	return int64(year)*12 + int64(month) - 1
}

// firstDay is the first day of a month.
func firstDay(month int64) int64 {
	first := time.Date(0, time.Month(month+1), 1, 0, 0, 0, 0, time.UTC)
	return floorDiv(first.Unix(), dayMS/1000)
}

// monthName writes a month as YYYY-MM.
func monthName(month int64) string { return dateOf(firstDay(month))[:len("2006-01")] }
