package care

import (
	"cmp"
	"slices"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/care/lunar"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// span is the days from one up to another, each 0 h UTC standing for a day of the
// calendar in whatever zone.
type span struct{ from, to time.Time }

func (s span) has(day time.Time) bool { return !day.Before(s.from) && day.Before(s.to) }

func days(n int32) time.Duration { return time.Duration(n) * 24 * time.Hour }

// feast is a holiday on its day.
type feast struct {
	day     time.Time
	holiday profilev1.Holiday
}

// calendar is the holidays of the years around a span, by day.
type calendar []feast

// newCalendar has every holiday that a rule may name for contacts due in a span.
func newCalendar(s span) calendar {
	var c calendar
	for year := s.from.Year() - 1; year <= s.to.Year()+1; year++ {
		add := func(h profilev1.Holiday, day time.Time) { c = append(c, feast{day, h}) }
		on := func(h profilev1.Holiday, month time.Month, day int) {
			add(h, time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
		}
		on(profilev1.Holiday_HOLIDAY_NEW_YEAR, time.January, 1)
		on(profilev1.Holiday_HOLIDAY_WOMENS_DAY, time.March, 8)
		on(profilev1.Holiday_HOLIDAY_LABOUR_DAY, time.May, 1)
		on(profilev1.Holiday_HOLIDAY_TEACHERS_DAY, time.September, 10)
		on(profilev1.Holiday_HOLIDAY_NATIONAL_DAY, time.October, 1)
		on(profilev1.Holiday_HOLIDAY_CHRISTMAS, time.December, 25)
		add(profilev1.Holiday_HOLIDAY_NEW_YEARS_EVE, lunar.NewYearsEve(year))
		add(profilev1.Holiday_HOLIDAY_SPRING_FESTIVAL, lunar.Day(year, 1, 1))
		add(profilev1.Holiday_HOLIDAY_LANTERN, lunar.Day(year, 1, 15))
		add(profilev1.Holiday_HOLIDAY_DRAGON_BOAT, lunar.Day(year, 5, 5))
		add(profilev1.Holiday_HOLIDAY_QIXI, lunar.Day(year, 7, 7))
		add(profilev1.Holiday_HOLIDAY_MID_AUTUMN, lunar.Day(year, 8, 15))
		add(profilev1.Holiday_HOLIDAY_DOUBLE_NINTH, lunar.Day(year, 9, 9))
		add(profilev1.Holiday_HOLIDAY_LABA, lunar.Day(year, 12, 8))
		add(profilev1.Holiday_HOLIDAY_QINGMING, lunar.Qingming(year))
		add(profilev1.Holiday_HOLIDAY_WINTER_SOLSTICE, lunar.WinterSolstice(year))
	}
	slices.SortFunc(c, func(a, b feast) int { return cmp.Or(a.day.Compare(b.day), cmp.Compare(a.holiday, b.holiday)) })
	return c
}

// occasion is a reason to contact a customer on a day.
type occasion struct {
	rule    *profilev1.CareRule
	day     time.Time // of the occasion itself
	due     time.Time // of the contact
	holiday profilev1.Holiday
}

// occasions are those of a customer for which contacts are due within a span.
func occasions(p *profilev1.CarePolicy, c calendar, s span, customer *domain.Customer, zone *time.Location) []occasion {
	made := customer.CreatedAt.In(zone)
	created := time.Date(made.Year(), made.Month(), made.Day(), 0, 0, 0, 0, time.UTC)
	var all []occasion
	for _, r := range p.GetRules() {
		add := func(day time.Time, h profilev1.Holiday) {
			if due := day.Add(-days(r.GetDaysBefore())); s.has(due) {
				all = append(all, occasion{r, day, due, h})
			}
		}
		switch r.GetTopic() {
		case profilev1.CareTopic_CARE_TOPIC_BIRTHDAY:
			for year := s.from.Year(); year <= s.to.Year()+1; year++ {
				if day, known := birthday(customer.BirthDate, year); known {
					add(day, 0)
				}
			}
		case profilev1.CareTopic_CARE_TOPIC_HOLIDAY:
			for _, f := range c {
				if slices.Contains(r.GetHolidays(), f.holiday) {
					add(f.day, f.holiday)
				}
			}
		case profilev1.CareTopic_CARE_TOPIC_NEW_CUSTOMER:
			for _, n := range r.GetDaysAfter() {
				add(created.Add(days(n)), 0)
			}
		case profilev1.CareTopic_CARE_TOPIC_REGULAR:
			every := days(r.GetEveryDays())
			first := s.from.Add(days(r.GetDaysBefore())) // the earliest day of an occasion
			n := max(1, int64((first.Sub(created)+every-1)/every))
			for day := created.Add(time.Duration(n) * every); day.Add(-days(r.GetDaysBefore())).Before(s.to); day = day.Add(every) {
				add(day, 0)
			}
		}
	}
	return all
}

// birthday is the day on which a birthday is kept in a year: that of somebody born
// on 29 February on the 28th where there is no 29th. Nobody has one before birth.
func birthday(born domain.BirthDate, year int) (time.Time, bool) {
	if born.Month == 0 || born.Day == 0 || (born.Year != 0 && year <= born.Year) {
		return time.Time{}, false
	}
	day := time.Date(year, time.Month(born.Month), born.Day, 0, 0, 0, 0, time.UTC)
	if day.Day() != born.Day {
		day = time.Date(year, time.February, 28, 0, 0, 0, 0, time.UTC)
	}
	return day, true
}
