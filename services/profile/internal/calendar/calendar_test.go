package calendar_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/calendar"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	z, err := calendar.Zone("time_zone", name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// Zones that change their clocks at night, at midnight, by half an hour, or left
// out a day.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "America/Sao_Paulo",
	"Australia/Lord_Howe", "Pacific/Apia", "Asia/Beirut", "America/Havana", "Asia/Kathmandu",
}

// Periods follow each other without a gap: the instant a period starts is in it,
// and the millisecond before is in the one before.
func TestPeriodsFollowEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := calendar.Calendar{
			Unit: rapid.SampledFrom([]calendar.Unit{calendar.Day, calendar.Week, calendar.Month}).Draw(t, "unit"),
			Zone: zone(t, rapid.SampledFrom(zones).Draw(t, "zone")),
		}
		for range 50 {
			at := time.UnixMilli(rapid.Int64Range(0, 2_000_000_000_000).Draw(t, "instant"))
			period := c.Period(at)
			start, next := c.Start(period), c.Start(period+1)
			if at.Before(start) || !at.Before(next) {
				if c.Zone.String() == "Pacific/Apia" && next.Equal(start) {
					continue // 2011-12-30 had no instant there
				}
				t.Fatalf("%v is in period %d from %v to %v", at.In(c.Zone), period, start, next)
			}
			if got := c.Period(start); got != period {
				t.Fatalf("the start %v of period %d is in %d", start, period, got)
			}
			if got := c.Period(start.Add(-time.Millisecond)); got >= period {
				t.Fatalf("before the start %v of period %d comes %d", start, period, got)
			}
		}
	})
}

func TestDaysOfClockChanges(t *testing.T) {
	for _, c := range []struct {
		zone, day string
		hours     float64
	}{
		{"Europe/Berlin", "2026-03-29", 23},
		{"Europe/Berlin", "2026-10-25", 25},
		{"America/New_York", "2026-03-08", 23},
		{"America/New_York", "2026-11-01", 25},
		{"Asia/Shanghai", "2026-03-29", 24},
		{"Asia/Shanghai", "1986-05-04", 23}, // China had summer time from 1986 to 1991
		{"America/Sao_Paulo", "2018-11-04", 23},
		{"Australia/Lord_Howe", "2026-04-05", 24.5},
	} {
		cal := calendar.Calendar{Unit: calendar.Day, Zone: zone(t, c.zone)}
		noon, err := time.ParseInLocation("2006-01-02 15:04", c.day+" 12:00", cal.Zone)
		if err != nil {
			t.Fatal(err)
		}
		period := cal.Period(noon)
		if cal.Label(period) != c.day {
			t.Errorf("%s in %s is called %s", c.day, c.zone, cal.Label(period))
		}
		if got := cal.Start(period + 1).Sub(cal.Start(period)).Hours(); got != c.hours {
			t.Errorf("%s in %s has %v hours, want %v", c.day, c.zone, got, c.hours)
		}
	}
}

func TestLabels(t *testing.T) {
	at := time.Date(2027, 1, 2, 20, 0, 0, 0, time.UTC) // a Saturday; Sunday in Shanghai
	for unit, want := range map[calendar.Unit]string{calendar.Day: "2027-01-03", calendar.Week: "2026-W53", calendar.Month: "2027-01"} {
		c := calendar.Calendar{Unit: unit, Zone: zone(t, "Asia/Shanghai")}
		if got := c.Label(c.Period(at)); got != want {
			t.Errorf("unit %d: %s, want %s", unit, got, want)
		}
	}
}

func TestUnknownZoneNamesTheField(t *testing.T) {
	for _, name := range []string{"Local", "Berlin", "../etc/passwd", "\x00", "CST6CDT7"} {
		_, err := calendar.Zone("time_zone", name)
		f, ok := fault.As(err)
		if !ok || f.Violations[0].Field != "time_zone" {
			t.Errorf("%q: %v", name, err)
		}
	}
}
