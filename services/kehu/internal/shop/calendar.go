package shop

import (
	"math/rand/v2"
	"sort"
	"time"
)

// calendar spreads new customers over the shop's days and orders over the hours.
// Times on it are days since the start, counted by the calendar, so that a change
// to summer time moves nothing.
type calendar struct {
	start      time.Time
	cumulative []float64 // share of all newcomers up to the end of each day
}

func newCalendar(start time.Time, days int) calendar {
	c := calendar{start: start, cumulative: make([]float64, days)}
	total := 0.0
	for d := range days {
		growth := 1 + float64(d)/float64(days) // twice as many at the end
		total += growth * season(start.AddDate(0, 0, d))
		c.cumulative[d] = total
	}
	for d := range c.cumulative {
		c.cumulative[d] /= total
	}
	return c
}

// season is how many more newcomers than usual a day brings: week-ends, and the
// sales of mid-June, 11 November and 12 December.
func season(day time.Time) float64 {
	factor := 1.0
	if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
		factor = 1.25
	}
	_, month, d := day.Date()
	switch {
	case month == time.June && d >= 16 && d <= 18, month == time.December && d == 12:
		factor *= 2.5
	case month == time.November && d == 11:
		factor *= 5
	case month == time.June && d < 16, month == time.November && d < 11:
		factor *= 1.5
	}
	return factor
}

func (c calendar) days() float64 { return float64(len(c.cumulative)) }

// arrival is the moment by which a share q of all newcomers have come, in days.
func (c calendar) arrival(q float64) float64 {
	d := sort.SearchFloat64s(c.cumulative, q)
	d = min(d, len(c.cumulative)-1)
	before := 0.0
	if d > 0 {
		before = c.cumulative[d-1]
	}
	part := (q - before) / (c.cumulative[d] - before)
	return float64(d) + min(part, 1-1e-9)
}

// hourWeights are the shares of the orders by hour in per mille: little at night,
// peaks at noon and late in the evening.
var hourWeights = [24]int{
	18, 8, 4, 3, 3, 5, 12, 22, 36, 48, 56, 54, 58, 52, 48, 48, 46, 46, 50, 62, 82, 96, 88, 55,
}

// clock is a moment on the day that days lies in, at an hour people buy at.
func (c calendar) clock(days float64, rng *rand.Rand) time.Time {
	n := rng.IntN(1000)
	hour := 0
	for n >= hourWeights[hour] {
		n -= hourWeights[hour]
		hour++
	}
	seconds := rng.IntN(3600)
	y, m, d := c.start.Date()
	return time.Date(y, m, d+int(days), hour, 0, seconds, 0, c.start.Location())
}

// endOfDay is the last second of t's day.
func endOfDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 23, 59, 59, 0, t.Location())
}

// midnight is the start of t's day in zone.
func midnight(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// daysBetween counts calendar days from one midnight to another.
func daysBetween(from, to time.Time) int {
	utc := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(utc(to).Sub(utc(from)) / (24 * time.Hour))
}
