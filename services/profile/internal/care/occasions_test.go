package care

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err) // of a literal in this file
	}
	return t
}

func listOf(p *profilev1.CarePolicy, s span, c *domain.Customer, zone *time.Location) []string {
	var list []string
	for _, o := range occasions(p, newCalendar(s), s, c, zone) {
		list = append(list, fmt.Sprintf("%s %s due %s", o.rule.GetRule(), o.day.Format(time.DateOnly), o.due.Format(time.DateOnly)))
	}
	return list
}

func TestOccasions(t *testing.T) {
	rule := func(topic profilev1.CareTopic, change func(*profilev1.CareRule)) *profilev1.CarePolicy {
		r := &profilev1.CareRule{Rule: "r", Topic: topic}
		if change != nil {
			change(r)
		}
		return &profilev1.CarePolicy{Rules: []*profilev1.CareRule{r}}
	}
	birthday := rule(profilev1.CareTopic_CARE_TOPIC_BIRTHDAY, nil)
	born := func(y, m, d int) *domain.Customer {
		c := &domain.Customer{CreatedAt: day("2020-01-01")}
		c.BirthDate = domain.BirthDate{Year: y, Month: m, Day: d}
		return c
	}
	made := func(s string) *domain.Customer {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return &domain.Customer{CreatedAt: at}
	}
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		policy   *profilev1.CarePolicy
		customer *domain.Customer
		from, to string
		want     []string
	}{
		"a birthday":              {birthday, born(1990, 5, 17), "2026-05-10", "2026-05-24", []string{"r 2026-05-17 due 2026-05-17"}},
		"without a year":          {birthday, born(0, 5, 17), "2026-05-17", "2026-05-18", []string{"r 2026-05-17 due 2026-05-17"}},
		"behind the span":         {birthday, born(0, 5, 17), "2026-05-10", "2026-05-17", nil},
		"29 February":             {birthday, born(1992, 2, 29), "2027-02-20", "2027-03-05", []string{"r 2027-02-28 due 2027-02-28"}},
		"29 February, leap year":  {birthday, born(1992, 2, 29), "2028-02-20", "2028-03-05", []string{"r 2028-02-29 due 2028-02-29"}},
		"the day of birth itself": {birthday, born(2026, 5, 17), "2026-05-10", "2026-05-24", nil},
		"not known":               {birthday, born(0, 0, 0), "2026-01-01", "2026-02-28", nil},
		"days before, over the turn of the year": {rule(profilev1.CareTopic_CARE_TOPIC_BIRTHDAY, func(r *profilev1.CareRule) { r.DaysBefore = 5 }),
			born(1990, 1, 3), "2026-12-25", "2027-01-01", []string{"r 2027-01-03 due 2026-12-29"}},
		"Spring Festival": {rule(profilev1.CareTopic_CARE_TOPIC_HOLIDAY, func(r *profilev1.CareRule) {
			r.DaysBefore, r.Holidays = 1, []profilev1.Holiday{profilev1.Holiday_HOLIDAY_SPRING_FESTIVAL, profilev1.Holiday_HOLIDAY_CHRISTMAS}
		}), born(0, 0, 0), "2026-02-10", "2026-03-01", []string{"r 2026-02-17 due 2026-02-16"}},
		// Made at 1 a.m. of the 6th in Shanghai.
		"new customer": {rule(profilev1.CareTopic_CARE_TOPIC_NEW_CUSTOMER, func(r *profilev1.CareRule) { r.DaysAfter = []int32{1, 7, 30} }),
			made("2026-03-05T17:00:00Z"), "2026-03-07", "2026-03-20", []string{"r 2026-03-07 due 2026-03-07", "r 2026-03-13 due 2026-03-13"}},
		"regular": {rule(profilev1.CareTopic_CARE_TOPIC_REGULAR, func(r *profilev1.CareRule) { r.EveryDays = 10 }),
			made("2026-03-05T00:00:00Z"), "2026-03-05", "2026-03-26", []string{"r 2026-03-15 due 2026-03-15", "r 2026-03-25 due 2026-03-25"}},
	} {
		got := listOf(c.policy, span{day(c.from), day(c.to)}, c.customer, shanghai)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// Planning day by day plans exactly what planning all at once does: nothing falls
// between two days, nothing is due twice.
func TestDaysAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &profilev1.CarePolicy{Rules: usualRules()}
		for _, r := range p.GetRules() {
			if r.GetTopic() != profilev1.CareTopic_CARE_TOPIC_NEW_CUSTOMER {
				r.DaysBefore = int32(rapid.IntRange(0, 30).Draw(t, "before"))
			}
			if r.GetEveryDays() > 0 {
				r.EveryDays = int32(rapid.IntRange(1, 100).Draw(t, "every"))
			}
		}
		from := day("2024-01-01").Add(days(int32(rapid.IntRange(0, 1500).Draw(t, "from"))))
		n := rapid.IntRange(1, 60).Draw(t, "days")
		c := &domain.Customer{CreatedAt: from.Add(-time.Duration(rapid.IntRange(-20, 3000).Draw(t, "age")) * time.Hour)}
		c.BirthDate = domain.BirthDate{Year: rapid.SampledFrom([]int{0, 1992}).Draw(t, "year"), Month: rapid.IntRange(1, 12).Draw(t, "month"), Day: rapid.IntRange(1, 28).Draw(t, "day")}
		if rapid.Bool().Draw(t, "leapling") {
			c.BirthDate = domain.BirthDate{Year: 1992, Month: 2, Day: 29}
		}
		whole := listOf(p, span{from, from.Add(days(int32(n)))}, c, time.UTC)
		var parts []string
		for i := range n {
			parts = append(parts, listOf(p, span{from.Add(days(int32(i))), from.Add(days(int32(i + 1)))}, c, time.UTC)...)
		}
		slices.Sort(whole)
		slices.Sort(parts)
		if !slices.Equal(whole, parts) {
			t.Fatalf("all at once %q\nday by day %q", whole, parts)
		}
		if len(slices.Compact(slices.Clone(whole))) != len(whole) {
			t.Fatalf("twice: %q", whole)
		}
	})
}
