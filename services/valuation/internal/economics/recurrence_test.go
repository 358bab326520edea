package economics

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// dueByCalendar finds the days on which a line falls due by asking of each day.
func dueByCalendar(l *line, start, last time.Time) (days []int64) {
	for at := start; !at.After(last); at = at.AddDate(0, 0, 1) {
		if l.End != "" && at.Format(time.DateOnly) > l.End {
			break
		}
		months := 12*(at.Year()-start.Year()) + int(at.Month()) - int(start.Month())
		lastOfMonth := at.AddDate(0, 0, 1).Day() == 1
		sameDay := at.Day() == start.Day() || lastOfMonth && at.Day() < start.Day()
		due := false
		switch l.Recurrence {
		case once:
			due = at.Equal(start)
		case valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_WEEKLY:
			due = int(at.Sub(start).Hours()/24)%7 == 0
		case valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_MONTHLY:
			due = sameDay
		case valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_QUARTERLY:
			due = sameDay && months%3 == 0
		case valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_YEARLY:
			due = sameDay && months%12 == 0
		}
		if due {
			days = append(days, at.Unix()/86_400)
		}
	}
	return days
}

func TestLinesFallDueByTheCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(rapid.SampledFrom([]int{1970, 2019, 2020, 2023, 2024}).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC).
			AddDate(0, 0, rapid.IntRange(0, 365).Draw(t, "day"))
		last := start.AddDate(0, 0, rapid.IntRange(-3, 1600).Draw(t, "days"))
		l := &line{
			Start:      start.Format(time.DateOnly),
			Recurrence: valuationv1.EconomicRecurrence(rapid.Int32Range(1, 5).Draw(t, "recurrence")),
		}
		if l.Recurrence != once && rapid.Bool().Draw(t, "ends") {
			l.End = start.AddDate(0, 0, rapid.IntRange(0, 1000).Draw(t, "until")).Format(time.DateOnly)
		}
		days, err := l.dueDays(last.Unix() / 86_400)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for due := range days {
			got = append(got, due)
		}
		if want := dueByCalendar(l, start, last); !slices.Equal(got, want) {
			t.Fatalf("%s from %s to %s, %s: %v, want %v", l.Recurrence, l.Start, l.End, last, got, want)
		}
	})
}

// TestDatesThatCannotBe: what is stored is read back, or said to be broken.
func TestDatesThatCannotBe(t *testing.T) {
	for _, l := range []*line{{Start: "2025-02-30"}, {Start: ""}, {Start: "2025-02-03", End: "soon", Recurrence: 2}} {
		if _, err := l.dueDays(30_000); err == nil {
			t.Errorf("%+v falls due", l)
		}
	}
}
