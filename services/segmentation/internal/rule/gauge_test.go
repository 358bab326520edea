package rule

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// zoneNames are zones whose clocks change at midnight, just behind it, by half an
// hour, by a day, or never.
var zoneNames = []string{
	"UTC", "Asia/Shanghai", "+08:00", "America/New_York", "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut",
	"America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Pyongyang", "America/Havana", "Asia/Gaza",
}

func drawZone(t *rapid.T) *time.Location {
	zone, ok := zoneOf(rapid.SampledFrom(zoneNames).Draw(t, "zone"))
	if !ok {
		t.Fatal("no such zone")
	}
	return zone
}

// drawInstant draws one from 1990 to 2060, often near a change of the zone's clocks.
func drawInstant(t *rapid.T, zone *time.Location, label string) time.Time {
	at := time.UnixMilli(rapid.Int64Range(631_152_000_000, 2_840_140_800_000).Draw(t, label))
	if rapid.Bool().Draw(t, label+" near a change") {
		if _, end := at.In(zone).ZoneBounds(); !end.IsZero() {
			at = end.Add(time.Duration(rapid.Int64Range(-120, 120).Draw(t, label+" minutes")) * time.Minute)
		}
	}
	return at
}

func drawGauge(t *rapid.T, zone *time.Location) gauge {
	d := facts.Date{
		Year: rapid.IntRange(1980, 2028).Draw(t, "year"), Month: rapid.IntRange(1, 12).Draw(t, "month"), Day: rapid.IntRange(1, 31).Draw(t, "day"),
	}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		return sinceInstant(drawInstant(t, zone, "since"), nil)
	case 1:
		return sinceInstant(drawInstant(t, zone, "since"), zone)
	case 2:
		return sinceDate(d, zone)
	case 3:
		return ageOf(d, zone)
	default:
		return untilReturn(d, zone)
	}
}

// A comparison with a number that time changes gives the same answer until it flips,
// and another one then.
func TestFlips(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		zone := drawZone(rt)
		g := drawGauge(rt, zone)
		at := drawInstant(rt, zone, "at")
		c := comparison{operator(rapid.IntRange(0, 5).Draw(rt, "operator")), g.value(at) + rapid.Int64Range(-3, 3).Draw(rt, "off")}
		if rapid.Bool().Draw(rt, "far") {
			c.than = rapid.Int64Range(-400, 4000).Draw(rt, "than")
		}
		was := c.holds(g.value(at))
		flips := g.flips(at, c)
		end := flips
		if flips.IsZero() {
			end = at.AddDate(3, 0, 0)
		} else if c.holds(g.value(flips)) == was || !flips.After(at) {
			rt.Errorf("from %s %v is %t; at %s it is too", at, c, was, flips)
		}
		probes := []time.Time{end.Add(-time.Millisecond), end.Add(-time.Hour), at.Add(time.Millisecond)}
		for p, n := nextDayChange(at, zone), 0; p.Before(end) && n < 800; p, n = nextDayChange(p, zone), n+1 {
			probes = append(probes, p, p.Add(-time.Millisecond))
		}
		for range 20 {
			probes = append(probes, at.Add(time.Duration(rapid.Float64Range(0, 1).Draw(rt, "probe")*float64(min(end.Sub(at), 1<<55)))))
		}
		for _, p := range probes {
			if p.After(at) && p.Before(end) && c.holds(g.value(p)) != was {
				rt.Fatalf("from %s %v is %t until %s, but not at %s: %d", at, c, was, flips, p, g.value(p))
			}
		}
	})
}

// Dates change where a look at every minute says so.
func TestNextDayChange(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		zone := drawZone(rt)
		at := drawInstant(rt, zone, "at").Truncate(time.Minute)
		next := nextDayChange(at, zone)
		today := dayOf(at.In(zone))
		for minute := at; minute.Before(next); minute = minute.Add(time.Minute) {
			if dayOf(minute.In(zone)) != today {
				rt.Fatalf("%s has another date than %s already", minute.In(zone), at.In(zone))
			}
		}
		if dayOf(next.In(zone)) == today {
			rt.Fatalf("%s has the same date as %s", next.In(zone), at.In(zone))
		}
	})
}
