package strategies

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant.UTC()
}

// TestQuietHours knows nights that begin before midnight, days, and nights in which
// clocks change: in New York on 2026-03-08 there is no 02:30, on 2026-11-01 there are two.
func TestQuietHours(t *testing.T) {
	night := ContactRules{QuietStart: "22:00", QuietEnd: "08:30", Zone: "Asia/Shanghai"}
	noon := ContactRules{QuietStart: "12:00", QuietEnd: "14:00"}
	changing := ContactRules{QuietStart: "23:00", QuietEnd: "02:30", Zone: "America/New_York"}
	for _, test := range []struct {
		rules    *ContactRules
		at, want string
	}{
		{nil, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{&ContactRules{}, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{&night, "2026-03-01T21:59:59+08:00", "2026-03-01T21:59:59+08:00"},
		{&night, "2026-03-01T22:00:00+08:00", "2026-03-02T08:30:00+08:00"},
		{&night, "2026-03-31T23:59:00+08:00", "2026-04-01T08:30:00+08:00"},
		{&night, "2026-03-02T08:29:59+08:00", "2026-03-02T08:30:00+08:00"},
		{&night, "2026-03-02T08:30:00+08:00", "2026-03-02T08:30:00+08:00"},
		{&noon, "2026-03-01T13:00:00Z", "2026-03-01T14:00:00Z"},
		{&noon, "2026-03-01T14:00:00Z", "2026-03-01T14:00:00Z"},
		{&changing, "2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00"},
		{&changing, "2026-11-01T00:30:00-04:00", "2026-11-01T02:30:00-05:00"},
	} {
		if got := test.rules.Next(at(t, test.at)); !got.Equal(at(t, test.want)) {
			t.Errorf("%+v: after %s comes %v, want %s", test.rules, test.at, got, test.want)
		}
	}
}

// TestNextIsNeverQuiet has the next instant lie within a day and a bit, in no quiet
// hours, in any zone.
func TestNextIsNeverQuiet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := func(label string) string {
			return time.Unix(int64(rapid.IntRange(0, 1439).Draw(t, label))*60, 0).UTC().Format("15:04")
		}
		r := ContactRules{QuietStart: clock("start"), QuietEnd: clock("end"), Zone: rapid.SampledFrom([]string{"", "Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe"}).Draw(t, "zone")}
		if r.QuietStart == r.QuietEnd {
			return
		}
		at := time.Unix(rapid.Int64Range(1_750_000_000, 1_800_000_000).Draw(t, "at"), 0).UTC()
		next := r.Next(at)
		if next.Before(at) || next.Sub(at) > 26*time.Hour {
			t.Fatalf("%+v: after %v comes %v", r, at, next)
		}
		if again := r.Next(next); !again.Equal(next) {
			t.Fatalf("%+v: %v is quiet, for %v follows", r, next, again)
		}
	})
}

func TestWindows(t *testing.T) {
	for _, test := range []struct {
		c        Cap
		at, want string
	}{
		{Cap{Window: Day, Zone: "Asia/Shanghai"}, "2026-03-01T16:00:00Z", "2026-03-01T16:00:00Z"},
		{Cap{Window: Day, Zone: "Asia/Shanghai"}, "2026-03-01T15:59:59Z", "2026-02-28T16:00:00Z"},
		{Cap{Window: Week}, "2026-03-01T12:00:00Z", "2026-02-23T00:00:00Z"}, // a Sunday
		{Cap{Window: Week}, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"},
		{Cap{Window: Month, Zone: "America/New_York"}, "2026-04-01T03:59:00Z", "2026-03-01T05:00:00Z"},
	} {
		if got := test.c.Since(at(t, test.at)); !got.Equal(at(t, test.want)) {
			t.Errorf("%v: the window of %s begins at %v, want %s", test.c, test.at, got, test.want)
		}
	}
}
