package peers

import (
	"slices"
	"strings"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// wholeCustomer takes of a customer what are facts, of the company's own attributes
// those that are given.
func wholeCustomer(c *profilev1.Customer, attributes []facts.Attribute) facts.Customer {
	f := facts.Customer{
		ID:          customerID(c),
		Kind:        kinds[int32(c.GetKind())],
		Gender:      genders[int32(c.GetGender())],
		Country:     c.GetCountry(),
		Region:      c.GetRegion(),
		City:        c.GetCity(),
		Area:        areas[int32(c.GetArea())],
		Acquisition: acquisitions[int32(c.GetAcquisition())],
	}
	if d := c.GetBirthDate(); d != nil {
		f.BirthDate = facts.Date{Year: int(d.GetYear()), Month: int(d.GetMonth()), Day: int(d.GetDay())}
	}
	f.Education = degrees[int32(c.GetEducation())]
	f.Occupation = c.GetOccupation()
	f.MaritalStatus = marriages[int32(c.GetMaritalStatus())]
	f.HouseholdSize = int64(c.GetHouseholdSize())
	f.IncomeBand = c.GetIncomeBand()
	f.Interests, f.Lifestyles = c.GetInterests(), c.GetLifestyles()
	f.Brands, f.Channels = c.GetPreferredBrands(), c.GetPreferredChannels()
	if at := c.GetCreateTime(); at != nil {
		f.CreateTime = at.AsTime().Truncate(time.Millisecond)
	}
	for _, a := range attributes {
		value := attributeOf(a.Type, c.GetAttributes()[a.Name])
		if value == nil || a.Sensitive {
			continue
		}
		if f.Attributes == nil {
			f.Attributes = make(map[string]any)
		}
		f.Attributes[a.Name] = value
	}
	return f
}

// attributeOf is a value as a fact of a type, nil where it is none.
func attributeOf(t facts.Type, v *profilev1.AttributeValue) any {
	switch value := v.GetValue().(type) {
	case *profilev1.AttributeValue_StringValue:
		if t == facts.Text {
			return value.StringValue
		}
	case *profilev1.AttributeValue_NumberValue:
		if t == facts.Double {
			return value.NumberValue
		}
	case *profilev1.AttributeValue_IntegerValue:
		if t == facts.Int {
			return value.IntegerValue
		}
	case *profilev1.AttributeValue_BoolValue:
		if t == facts.Bool {
			return value.BoolValue
		}
	case *profilev1.AttributeValue_DateValue:
		if t == facts.Calendar {
			d := value.DateValue
			return facts.Date{Year: int(d.GetYear()), Month: int(d.GetMonth()), Day: int(d.GetDay())}
		}
	case *profilev1.AttributeValue_TimestampValue:
		if t == facts.Timestamp {
			return value.TimestampValue.AsTime().Truncate(time.Millisecond)
		}
	case *profilev1.AttributeValue_ListValue:
		if t == facts.Texts {
			return value.ListValue.GetValues()
		}
	}
	return nil
}

// value takes what a valuation says beyond what profile's orders tell.
func value(f *facts.Facts, v *valuationv1.Valuation) {
	f.Valued = true
	f.Value = facts.Value{}
	if m := v.GetHistoricValue(); m != nil {
		f.Value = facts.Value{
			Known: true, Coverage: v.GetHistoricValueCoverage(),
			Historic: facts.Money{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()},
		}
	}
	r := v.GetRfm()
	f.RFM = facts.Scores{
		Recency: int(r.GetRecency()), Frequency: int(r.GetFrequency()), Monetary: int(r.GetMonetary()),
		Cell: r.GetCell(), Group: groups[int32(r.GetGroup())], Segment: r.GetSegment(),
	}
	p := v.GetPrediction()
	if p == nil {
		f.Prediction = facts.Prediction{}
		return
	}
	f.Prediction = facts.Prediction{
		Alive: p.AliveProbability, ChurnRisk: p.ChurnRisk, Churned: p.Churned, ExpectedOrders: p.ExpectedOrders,
		NextOrderDays: p.NextOrderDays, Overdue: p.OverdueRatio,
	}
	if m := p.GetResidualValue(); m != nil {
		f.Prediction.Residual = &facts.Money{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()}
	}
}

// order takes a purchase history.
func (r *Reader) order(f *facts.Facts, h *profilev1.PurchaseHistory) {
	orders := make([]facts.Order, len(h.GetOrderTimeMs()))
	sums := make(map[string]int64)
	for i, ms := range h.GetOrderTimeMs() {
		currency := h.GetCurrencyCodes()[0]
		if len(h.GetCurrency()) > 0 {
			currency = h.GetCurrencyCodes()[h.GetCurrency()[i]]
		}
		orders[i] = facts.Order{Time: time.UnixMilli(ms).UTC(), Net: facts.Money{Currency: currency, Minor: h.GetNetMinor()[i]}}
		sums[currency] += h.GetNetMinor()[i]
	}
	slices.SortStableFunc(orders, func(a, b facts.Order) int { return a.Time.Compare(b.Time) })
	f.Orders.Count = int64(len(orders))
	f.Orders.FirstTime, f.Orders.LastTime = orders[0].Time, orders[len(orders)-1].Time
	f.Orders.Days = daysOf(orders, r.zone)
	f.Orders.Recent = orders[max(0, len(orders)-facts.MaxRecent):]
	f.Revenue = nil
	for currency, minor := range sums {
		f.Revenue = append(f.Revenue, facts.Money{Currency: currency, Minor: minor})
	}
	slices.SortFunc(f.Revenue, func(a, b facts.Money) int { return strings.Compare(a.Currency, b.Currency) })
}

// daysOf is on how many days of a zone there is one of the orders, which are by time.
func daysOf(orders []facts.Order, zone *time.Location) (days int64) {
	last := facts.Date{}
	for _, o := range orders {
		year, month, day := o.Time.In(zone).Date()
		if d := (facts.Date{Year: year, Month: int(month), Day: day}); d != last {
			last = d
			days++
		}
	}
	return days
}
