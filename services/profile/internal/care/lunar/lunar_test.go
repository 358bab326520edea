package lunar_test

import (
	"testing"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/care/lunar"
)

// As published: Spring Festival, Dragon Boat and Mid-Autumn of each year.
var published = []struct {
	year                 int
	spring, dragon, moon string
}{
	{1985, "02-20", "06-22", "09-29"}, // new moon within minutes of a term
	{2014, "01-31", "06-02", "09-08"}, // leap ninth month
	{2020, "01-25", "06-25", "10-01"}, // leap fourth month
	{2021, "02-12", "06-14", "09-21"}, {2022, "02-01", "06-03", "09-10"}, {2023, "01-22", "06-22", "09-29"},
	{2024, "02-10", "06-10", "09-17"}, {2025, "01-29", "05-31", "10-06"}, {2026, "02-17", "06-19", "09-25"},
	{2027, "02-06", "06-09", "09-15"}, {2028, "01-26", "05-28", "10-03"}, {2029, "02-13", "06-16", "09-22"},
	{2030, "02-03", "06-05", "09-12"}, {2033, "01-31", "06-01", "09-08"}, // leap eleventh month
	{2034, "02-19", "06-20", "09-27"},
}

func TestHolidaysAsPublished(t *testing.T) {
	for _, p := range published {
		for _, c := range []struct {
			month, day int
			want       string
		}{{1, 1, p.spring}, {5, 5, p.dragon}, {8, 15, p.moon}} {
			if got := lunar.Day(p.year, c.month, c.day).Format("01-02"); got != c.want {
				t.Errorf("%d, month %d day %d: %s, want %s", p.year, c.month, c.day, got, c.want)
			}
		}
	}
	for year, want := range map[int]string{2024: "04-04", 2026: "04-05", 2027: "04-05", 2028: "04-04"} {
		if got := lunar.Qingming(year).Format("01-02"); got != want {
			t.Errorf("Qingming %d: %s, want %s", year, got, want)
		}
	}
	for year, want := range map[int]string{2024: "12-21", 2025: "12-21", 2026: "12-22", 2027: "12-22"} {
		if got := lunar.WinterSolstice(year).Format("01-02"); got != want {
			t.Errorf("winter solstice %d: %s, want %s", year, got, want)
		}
	}
	if got := lunar.NewYearsEve(2026).Format(time.DateOnly); got != "2026-02-16" {
		t.Errorf("New Year's Eve %s", got)
	}
	if got := lunar.Day(2026, 12, 8).Format(time.DateOnly); got != "2026-01-26" {
		t.Errorf("Laba %s", got)
	}
}

// In every year: the Spring Festival falls between 21 January and 21 February, the
// year has twelve or thirteen months of 29 or 30 days, and the holidays come in
// their order.
func TestEveryYearIsAYear(t *testing.T) {
	for year := lunar.FirstYear; year < lunar.LastYear; year++ {
		spring, next := lunar.Day(year, 1, 1), lunar.Day(year+1, 1, 1)
		if got := spring.Format("01-02"); got < "01-21" || got > "02-21" || spring.Year() != year {
			t.Errorf("the Spring Festival of %d is on %s", year, spring)
		}
		if days := int(next.Sub(spring).Hours() / 24); !(days >= 353 && days <= 355 || days >= 383 && days <= 385) {
			t.Errorf("the year from %s has %d days", spring, days)
		}
		last := spring
		for month := 2; month <= 10; month++ {
			day := lunar.Day(year, month, 1)
			if days := int(day.Sub(last).Hours() / 24); days != 29 && days != 30 && days != 58 && days != 59 && days != 60 {
				t.Errorf("month %d of %d begins %d days after the one before", month, year, days)
			}
			last = day
		}
	}
}
