package partition

import (
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// derived are the variables that are worked out of facts.
var derived = []*Variable{
	daysSince("orders.recency_days", "days since the last order", "距上次下单天数", "orders.last_time"),
	daysSince("orders.first_days", "days since the first order", "距首次下单天数", "orders.first_time"),
	daysSince("customer.last_seen_days", "days since the last visit", "距上次到访天数", "customer.last_seen_time"),
	daysSince("behavior.last_view_days", "days since the last look at a product", "距上次浏览商品天数", "behavior.last_view_time"),
	daysSince("behavior.last_search_days", "days since the last search", "距上次搜索天数", "behavior.last_search_time"),
	daysSince("behavior.last_cart_days", "days since the last use of the cart", "距上次加购天数", "behavior.last_cart_time"),
	daysSince("customer.tenure_days", "days on record", "建档天数", "customer.create_time"),
	daysSince("feedback.last_response_days", "days since the last answer", "距上次回复天数", "feedback.last_response_time"),
	{Name: "customer.age_years", Label: "age", LabelZh: "年龄", Unit: "years", Reads: []string{"customer.birth_date"}, Number: age, Next: birthday},
}

// daysSince counts the midnights behind an instant that is a fact.
func daysSince(name, label, labelZh, fact string) *Variable {
	field, _ := facts.Lookup(fact)
	return &Variable{
		Name: name, Label: label, LabelZh: labelZh, Unit: "days", Reads: []string{fact}, Days: true,
		Number: func(f *facts.Facts, m Moment) (float64, bool) {
			if !field.Known(f) {
				return 0, false
			}
			return m.since(field.Time(f)), true
		},
	}
}

// plain is a fact as it is; nil where it is neither a number nor a category.
func plain(name string) *Variable {
	field, known := facts.Lookup(name)
	if !known {
		return nil
	}
	v := &Variable{Name: name, Label: field.LabelEn, LabelZh: field.LabelZh, Unit: field.Unit, Reads: field.Reads()}
	switch {
	case field.Type == facts.Int || field.Type == facts.Double:
		v.Number = func(f *facts.Facts, _ Moment) (float64, bool) { return field.Numeric(f) }
	case field.Type == facts.Bool || field.Type == facts.Text && name != "customer.id":
		v.Category = field.Category
	default:
		return nil
	}
	return v
}

// Of is a variable for what a rule reads: as Find, and of an instant the days since, of
// several texts how many there are. It is nil where a fact is none of these.
func Of(name string) *Variable {
	if v, err := Find("", name); err == nil {
		return v
	}
	field, known := facts.Lookup(name)
	if !known {
		return nil
	}
	switch field.Type {
	case facts.Timestamp:
		return daysSince(name, field.LabelEn, field.LabelZh, name)
	case facts.Texts:
		return &Variable{Name: name, Label: field.LabelEn, LabelZh: field.LabelZh, Reads: []string{name}, Number: func(f *facts.Facts, _ Moment) (float64, bool) {
			return float64(len(field.Texts(f))), field.Known(f)
		}}
	}
	return nil
}

// Variables lists those with a fixed name.
func Variables() []*Variable {
	all := append([]*Variable(nil), derived...)
	for i := range facts.Fields {
		if v := plain(facts.Fields[i].Name); v != nil {
			all = append(all, v)
		}
	}
	return all
}

// age is full years since birth; of a birth date without its month it is not known.
func age(f *facts.Facts, m Moment) (float64, bool) {
	b := f.Customer.BirthDate
	if b.Year == 0 || b.Month == 0 {
		return 0, false
	}
	y, month, d := m.At.In(m.Zone).Date()
	years := y - b.Year
	if int(month) < b.Month || int(month) == b.Month && d < max(1, b.Day) {
		years--
	}
	return float64(years), years >= 0
}

// birthday is when age changes next; that of the 29th of February is the 1st of March
// in other years.
func birthday(f *facts.Facts, m Moment) time.Time {
	b := f.Customer.BirthDate
	if b.Year == 0 || b.Month == 0 {
		return time.Time{}
	}
	for year := m.At.In(m.Zone).Year(); ; year++ {
		next := startOf(dayOf(time.Date(year, time.Month(b.Month), max(1, b.Day), 0, 0, 0, 0, time.UTC), time.UTC), m.Zone)
		if next.After(m.At) {
			return next
		}
	}
}
