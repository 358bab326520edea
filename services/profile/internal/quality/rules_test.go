package quality

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

var now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func found1(t *testing.T, rule string, base *Base, r *Record) Verdict {
	t.Helper()
	for _, one := range base.Policy.Rules() {
		if one.ID == rule {
			return one.Check(r, base)
		}
	}
	t.Fatalf("no rule %s", rule)
	return Skipped
}

func person(change func(*domain.Details)) *Record {
	c := &domain.Customer{ID: "a", UpdatedAt: now}
	change(&c.Details)
	return &Record{Customer: c}
}

func TestRules(t *testing.T) {
	type d = domain.Details
	name := func(s string) func(*d) { return func(x *d) { x.DisplayName = s } }
	mail := func(s string) func(*d) {
		return func(x *d) { x.Identifiers = []domain.Identifier{{Type: domain.Email, Value: s}} }
	}
	birth := func(year, month, day int) func(*d) {
		return func(x *d) { x.BirthDate = domain.BirthDate{Year: year, Month: month, Day: day} }
	}
	place := func(country domain.Country, region, city string) func(*d) {
		return func(x *d) { x.Country, x.Region, x.City = country, region, city }
	}
	phone := func(country domain.Country, number string) func(*d) {
		return func(x *d) {
			x.Country, x.Identifiers = country, []domain.Identifier{{Type: domain.Phone, Value: number}}
		}
	}
	kind := func(k domain.Kind, name string, gender domain.Gender) func(*d) {
		return func(x *d) { x.Kind, x.DisplayName, x.Gender = k, name, gender }
	}
	for _, c := range []struct {
		rule   string
		record func(*d)
		want   Verdict
	}{
		{"DISPLAY_NAME_MISSING", name(""), Failed},
		{"DISPLAY_NAME_MISSING", name("王芳"), Passed},
		{"GENDER_MISSING", kind(domain.Enterprise, "", ""), Skipped},
		{"EMAIL_MISSING", mail("a@b.cn"), Passed},
		{"PHONE_MISSING", mail("a@b.cn"), Failed},
		{"DISPLAY_NAME_PLACEHOLDER", name(""), Skipped},
		{"DISPLAY_NAME_PLACEHOLDER", name("Test 12"), Failed},
		{"DISPLAY_NAME_PLACEHOLDER", name("未知"), Failed},
		{"DISPLAY_NAME_PLACEHOLDER", name("..."), Failed},
		{"DISPLAY_NAME_PLACEHOLDER", name("吴测"), Passed},
		{"DISPLAY_NAME_PLACEHOLDER", name("Guestavo"), Passed},
		{"DISPLAY_NAME_MASKED", name("王**"), Failed},
		{"DISPLAY_NAME_MASKED", name("王芳"), Passed},
		{"DISPLAY_NAME_IS_CONTACT", name("138 1234 5678"), Failed},
		{"DISPLAY_NAME_IS_CONTACT", name("a@b.cn"), Failed},
		{"DISPLAY_NAME_IS_CONTACT", name("R2-D2"), Passed},
		{"BIRTH_DATE_PLACEHOLDER", birth(1970, 1, 1), Failed},
		{"BIRTH_DATE_PLACEHOLDER", birth(1970, 1, 2), Passed},
		{"BIRTH_DATE_PLACEHOLDER", birth(0, 1, 1), Skipped},
		{"BIRTH_DATE_IMPLAUSIBLE", birth(1914, 3, 1), Failed},
		{"BIRTH_DATE_IMPLAUSIBLE", birth(1915, 3, 2), Passed},
		{"EMAIL_DOMAIN_MISTYPED", mail("a@gmial.com"), Failed},
		{"EMAIL_DOMAIN_MISTYPED", mail("a@hotmai.com"), Failed},
		{"EMAIL_DOMAIN_MISTYPED", mail("a@163.con"), Failed},
		{"EMAIL_DOMAIN_MISTYPED", mail("a@gmail.com"), Passed},
		{"EMAIL_DOMAIN_MISTYPED", mail("a@mail.com"), Passed},
		{"EMAIL_DOMAIN_MISTYPED", mail("a@qqq.com"), Passed},
		{"EMAIL_DOMAIN_MISTYPED", phone("", "+8613812345678"), Skipped},
		{"REGION_UNKNOWN", place("CN", "广东省", ""), Passed},
		{"REGION_UNKNOWN", place("", "深圳", ""), Failed},
		{"REGION_UNKNOWN", place("US", "CA", ""), Skipped},
		{"CITY_OUTSIDE_REGION", place("", "广东", "深圳市"), Passed},
		{"CITY_OUTSIDE_REGION", place("", "浙江", "深圳"), Failed},
		{"CITY_OUTSIDE_REGION", place("", "浙江", "一个小镇"), Skipped},
		{"PHONE_OUTSIDE_COUNTRY", phone("CN", "+8613812345678"), Passed},
		{"PHONE_OUTSIDE_COUNTRY", phone("DE", "+8613812345678"), Failed},
		{"PHONE_OUTSIDE_COUNTRY", phone("", "+8613812345678"), Skipped},
		{"KIND_CONTRADICTED", kind(domain.Individual, "Ada Ltd", ""), Failed},
		{"KIND_CONTRADICTED", kind(domain.Individual, "深圳某某有限公司", ""), Failed},
		{"KIND_CONTRADICTED", kind(domain.Enterprise, "Ada Ltd", domain.Male), Failed},
		{"KIND_CONTRADICTED", kind(domain.Individual, "Marco", ""), Passed},
		{"GENDER_CONTRADICTS_TITLE", kind("", "王先生", domain.Female), Failed},
		{"GENDER_CONTRADICTS_TITLE", kind("", "Mrs. Smith", domain.Female), Passed},
		{"GENDER_CONTRADICTS_TITLE", kind("", "王芳", domain.Female), Skipped},
	} {
		base := &Base{Now: now, Policy: Policy{}.WithDefaults(), heaps: NewHeaps()}
		r := person(c.record)
		if got := found1(t, c.rule, base, r); got != c.want {
			t.Errorf("%s of %+v: %d, want %d", c.rule, r.Details, got, c.want)
		}
	}
}

func TestRulesAboutOrdersAndTime(t *testing.T) {
	base := &Base{Now: now, Policy: Policy{}.WithDefaults(), heaps: NewHeaps()}
	child := person(func(d *domain.Details) { d.BirthDate = domain.BirthDate{Year: 2013, Month: 5, Day: 1} })
	if got := found1(t, "MINOR_UNDER_14", base, child); got != Skipped {
		t.Errorf("a child without orders: %d", got)
	}
	child.Orders, child.FirstOrder, child.LastOrder = 1, now.AddDate(-1, 0, 0), now.AddDate(-1, 0, 0)
	if got := found1(t, "MINOR_UNDER_14", base, child); got != Failed {
		t.Errorf("a child with orders: %d", got)
	}
	child.FirstOrder = now.AddDate(-20, 0, 0)
	if got := found1(t, "BIRTH_AFTER_ORDER", base, child); got != Failed {
		t.Errorf("ordered before being born: %d", got)
	}
	old := person(func(*domain.Details) {})
	old.UpdatedAt = now.AddDate(-2, 0, 0)
	if got := found1(t, "RECORD_STALE", base, old); got != Failed {
		t.Errorf("untouched for two years: %d", got)
	}
	old.LastEvent = now.AddDate(0, -1, 0)
	if got := found1(t, "RECORD_STALE", base, old); got != Passed {
		t.Errorf("seen last month: %d", got)
	}
}

func TestHeaps(t *testing.T) {
	base := &Base{Now: now, Policy: Policy{}.WithDefaults(), heaps: NewHeaps()}
	customer := func(i int) *Record {
		return person(func(d *domain.Details) {
			d.DisplayName = fmt.Sprintf("客户%d", i%990) // the last ten share their names with the first ten
			d.BirthDate = domain.BirthDate{Year: 1950 + i%50, Month: 1 + i%12, Day: 1 + i%28}
			if i < 40 {
				d.DisplayName, d.BirthDate = fmt.Sprintf("甲%d", i), domain.BirthDate{Year: 1980, Month: 6, Day: 6}
			}
			line := fmt.Sprintf("某路 %d 号", i)
			if i < 21 {
				line = "驿站 1 号"
			}
			d.PostalAddresses = []domain.PostalAddress{{City: "深圳", Line: line}}
		})
	}
	for i := range 1000 {
		base.heaps.Add(customer(i).Customer)
	}
	for _, c := range []struct {
		rule string
		i    int
		want Verdict
	}{
		{"BIRTH_DATE_PLACEHOLDER", 5, Failed}, {"BIRTH_DATE_PLACEHOLDER", 50, Passed},
		{"ADDRESS_SHARED", 20, Failed}, {"ADDRESS_SHARED", 21, Passed},
		{"NAME_AND_BIRTH_DATE_SHARED", 100, Passed},
	} {
		if got := found1(t, c.rule, base, customer(c.i)); got != c.want {
			t.Errorf("%s of %d: %d, want %d", c.rule, c.i, got, c.want)
		}
	}
	twin := customer(100)
	base.heaps.Add(twin.Customer)
	twin.DisplayName = " 客户 100"
	if got := found1(t, "NAME_AND_BIRTH_DATE_SHARED", base, twin); got != Failed {
		t.Errorf("a twin: %d", got)
	}
}

func TestEveryRuleSpeaksBothLanguages(t *testing.T) {
	var ids []string
	for _, r := range (Policy{}).WithDefaults().Rules() {
		if slices.Contains(ids, r.ID) {
			t.Errorf("rule %s is there twice", r.ID)
		}
		ids = append(ids, r.ID)
		for what, text := range map[string]string{
			"En": r.What.En, "Zh": r.What.Zh, "advice": r.Advice.En, "advice in Chinese": r.Advice.Zh, "command": r.Command,
		} {
			if text == "" {
				t.Errorf("%s: no %s", r.ID, what)
			}
		}
	}
}

func TestWhatCostsMostComesFirst(t *testing.T) {
	base := &Base{Now: now, Policy: Policy{Expected: []string{"city"}, Examples: 2}.WithDefaults(), heaps: NewHeaps()}
	tally := NewTally(base)
	add := func(id, name, city string, orders, minor int64) {
		r := person(func(d *domain.Details) { d.DisplayName, d.City = name, city })
		r.ID, r.Orders, r.FirstOrder, r.LastOrder = id, orders, now, now
		r.Bought = map[string]Spending{"CNY": {orders, minor}, "USD": {0, 1_000_000}}
		tally.Add(r)
	}
	add("a", "test", "深圳", 3, 100)
	add("b", "王芳", "", 1, 40)
	add("c", "李静", "", 2, 50)
	add("d", "赵磊", "", 5, 9)
	report := tally.report("dataQualityReports/x")
	if len(report.GetIssues()) != 2 {
		t.Fatalf("issues: %v", report.GetIssues())
	}
	first, second := report.GetIssues()[0], report.GetIssues()[1]
	if first.GetRule() != "DISPLAY_NAME_PLACEHOLDER" || first.GetCustomers() != 1 || first.GetShare() != 0.25 {
		t.Errorf("first: %v", first)
	}
	if second.GetRule() != "CITY_MISSING" || second.GetCustomers() != 3 || second.GetOrders() != 8 || second.GetRevenue()[0].GetMinorUnits() != 99 ||
		!slices.Equal(second.GetExamples(), []string{"customers/d", "customers/c"}) {
		t.Errorf("second: %v", second)
	}
	if city := report.GetFields()[0]; city.GetCompleteness() != 0.25 || city.Accuracy != nil {
		t.Errorf("city: %v", city)
	}
}
