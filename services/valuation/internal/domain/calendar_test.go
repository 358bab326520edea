package domain

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

var zones = []string{
	"UTC", "Asia/Shanghai", "America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe",
	"America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Pacific/Kiritimati",
}

func TestDayIsTheLocalDate(t *testing.T) {
	until := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range zones {
		z := zone(t, name)
		c := NewCalendar(z, until)
		rapid.Check(t, func(t *rapid.T) {
			ms := rapid.Int64Range(0, until.UnixMilli()).Draw(t, "ms")
			at := time.UnixMilli(ms).In(z)
			if got, want := Date(c.Day(ms)), at.Format(time.DateOnly); got != want {
				t.Fatalf("%s: %s lies on %s, want %s", name, at, got, want)
			}
		})
	}
}

// TestEndOf: the end parts the days, for good, and is at most a day's length
// behind what belongs to the day.
func TestEndOf(t *testing.T) {
	until := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range zones {
		c := NewCalendar(zone(t, name), until)
		rapid.Check(t, func(t *rapid.T) {
			day := rapid.Int64Range(0, until.Unix()/86400-3).Draw(t, "day")
			end := c.EndOf(day)
			if c.Day(end-1) > day || c.Day(end) <= day {
				t.Fatalf("%s, %s: a moment before the end it is %s, then %s", name, Date(day), Date(c.Day(end-1)), Date(c.Day(end)))
			}
			later := end + rapid.Int64Range(0, 3*dayMS).Draw(t, "later")
			if c.Day(later) <= day {
				t.Fatalf("%s, %s: %d ms behind the end it is %s again", name, Date(day), later-end, Date(c.Day(later)))
			}
		})
	}
}

func TestEndOfOddDays(t *testing.T) {
	for _, test := range []struct{ zone, day, end string }{
		{"Asia/Shanghai", "2025-06-30", "2025-06-30T16:00:00Z"},
		{"America/New_York", "2025-03-09", "2025-03-10T04:00:00Z"},   // 23 hours
		{"America/New_York", "2025-11-02", "2025-11-03T05:00:00Z"},   // 25 hours
		{"America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z"},  // midnight is left out
		{"America/Sao_Paulo", "2018-02-17", "2018-02-18T03:00:00Z"},  // 23:00 to 24:00 comes twice
		{"America/St_Johns", "2010-11-06", "2010-11-07T03:30:00Z"},   // midnight comes twice: the later one
		{"Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00Z"},       // the 30th is left out
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},       // so it ends as it begins
		{"Europe/London", "2016-12-31", "2017-01-01T00:00:00Z"},      // a leap second is not a time of its own
		{"Pacific/Kiritimati", "2024-02-29", "2024-02-29T10:00:00Z"}, // a leap day
	} {
		p := Policy{AsOfDate: test.day, Zone: test.zone}
		a, err := p.AsOf()
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Time().Format(time.RFC3339); got != test.end {
			t.Errorf("%s, %s ends at %s, want %s", test.zone, test.day, got, test.end)
		}
	}
}

func BenchmarkDay(b *testing.B) {
	c := NewCalendar(zone(b, "America/New_York"), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	ms := int64(1.6e12)
	for b.Loop() {
		ms += 7 * dayMS / 2
		if ms > 1.75e12 {
			ms = 1.6e12
		}
		c.Day(ms)
	}
}
