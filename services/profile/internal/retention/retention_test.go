package retention_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/calendar"
	"github.com/kehuhq/kehu/services/profile/internal/retention"
)

func days(t interface{ Fatal(...any) }, zone string) calendar.Calendar {
	z, err := calendar.Zone("time_zone", zone)
	if err != nil {
		t.Fatal(err)
	}
	return calendar.Calendar{Unit: calendar.Day, Zone: z}
}

func at(t *testing.T, c calendar.Calendar, local string) int64 {
	t.Helper()
	instant, err := time.ParseInLocation("2006-01-02 15:04", local, c.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return instant.UnixMilli()
}

// Counted by hand: four customers around the day on which Berlin's clocks change.
func TestByHand(t *testing.T) {
	c := days(t, "Europe/Berlin")
	first := c.Period(time.UnixMilli(at(t, c, "2026-03-28 12:00")))
	tally := retention.NewTally(retention.Definition{
		Calendar: c, First: first, Last: first + 1, Offsets: 5,
		AsOf: time.UnixMilli(at(t, c, "2026-03-31 12:00")), // 28, 29 and 30 March have ended
	})
	// Back an hour later, which is the next day; with clocks that ignore the change
	// it would be the same.
	tally.Add(at(t, c, "2026-03-28 23:30"), []int64{at(t, c, "2026-03-29 00:30")})
	tally.Add(at(t, c, "2026-03-28 08:00"), []int64{at(t, c, "2026-03-28 09:00"), at(t, c, "2026-03-30 23:59"), at(t, c, "2026-03-30 10:00")})
	tally.Add(at(t, c, "2026-03-28 08:00"), nil)
	// 23 hours and 50 minutes later, on the day after the short one.
	tally.Add(at(t, c, "2026-03-29 00:20"), []int64{at(t, c, "2026-03-30 01:10")})
	if tally.Add(at(t, c, "2026-03-27 23:59"), nil) || tally.Add(at(t, c, "2026-03-30 00:00"), nil) {
		t.Error("customers outside the cohorts were counted")
	}
	want := []retention.Cohort{
		{Period: first, Ended: true, Size: 3, Classic: []int64{1, 1}, Rolling: []int64{2, 1}, Cumulative: []int64{1, 2}},
		{Period: first + 1, Ended: true, Size: 1, Classic: []int64{1}, Rolling: []int64{1}, Cumulative: []int64{1}},
	}
	if got := tally.Cohorts(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	overall := []retention.Overall{{Size: 4, Classic: 2, Rolling: 3, Cumulative: 2}, {Size: 3, Classic: 1, Rolling: 1, Cumulative: 2}}
	if got := tally.Overall(); !reflect.DeepEqual(got, overall) {
		t.Errorf("overall %+v, want %+v", got, overall)
	}
}

// Whatever the zone, a period that has not ended has no counts, and the three
// kinds of retention have the order that their definitions imply.
func TestKindsOfRetention(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := days(t, rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Asia/Shanghai"}).Draw(t, "zone"))
		c.Unit = rapid.SampledFrom([]calendar.Unit{calendar.Day, calendar.Week, calendar.Month}).Draw(t, "unit")
		asOf := time.UnixMilli(rapid.Int64Range(1_700_000_000_000, 1_800_000_000_000).Draw(t, "as of"))
		now := c.Period(asOf)
		def := retention.Definition{Calendar: c, First: now - 6, Last: now, Offsets: 8, AsOf: asOf}
		tally := retention.NewTally(def)
		type customer struct {
			joined int64
			active []int64
		}
		var all []customer
		instant := rapid.Int64Range(c.Start(now-6).UnixMilli(), asOf.UnixMilli()-1)
		for range rapid.IntRange(0, 20).Draw(t, "customers") {
			x := customer{joined: instant.Draw(t, "joined")}
			x.active = rapid.SliceOfN(instant, 0, 6).Draw(t, "active")
			all = append(all, x)
			tally.Add(x.joined, x.active)
		}
		for _, cohort := range tally.Cohorts() {
			if ended := now - 1 - cohort.Period; len(cohort.Classic) != max(0, ended) {
				t.Fatalf("cohort %d has %d offsets as of period %d", cohort.Period, len(cohort.Classic), now)
			}
			if cohort.Ended != (cohort.Period < now) {
				t.Fatalf("cohort %d ended: %t, as of %d", cohort.Period, cohort.Ended, now)
			}
			for n := 1; n <= len(cohort.Classic); n++ {
				var classic, rolling, cumulative int64
				for _, x := range all {
					if c.Period(time.UnixMilli(x.joined)) != cohort.Period {
						continue
					}
					in, later, upTo := int64(0), int64(0), int64(0)
					for _, a := range x.active {
						switch offset := c.Period(time.UnixMilli(a)) - cohort.Period; {
						case offset == n:
							in, later, upTo = 1, 1, 1
						case offset > n:
							later = 1
						case offset > 0:
							upTo = 1
						}
					}
					classic, rolling, cumulative = classic+in, rolling+later, cumulative+upTo
				}
				if cohort.Classic[n-1] != classic || cohort.Rolling[n-1] != rolling || cohort.Cumulative[n-1] != cumulative {
					t.Fatalf("cohort %+v at offset %d, want %d, %d, %d", cohort, n, classic, rolling, cumulative)
				}
			}
		}
	})
}
