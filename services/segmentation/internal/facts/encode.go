package facts

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// encode appends the fields of a section. The same facts give the same bytes, so
// that comparing these tells whether anything changed. Times are kept in whole
// milliseconds.
func encode(section int, b []byte, f *Facts) []byte {
	switch sections[section].part {
	case OfCustomer:
		return encodeCustomer(b, &f.Customer)
	case OfOrders:
		return encodeOrders(b, f)
	case OfValuation:
		return encodeValuation(b, f)
	case OfFeedback:
		return encodeFeedback(b, &f.Feedback)
	case OfReferral:
		return encodeReferral(b, &f.Referral)
	default:
		return appendTexts(b, "segments", f.Lists)
	}
}

func encodeCustomer(b []byte, c *Customer) []byte {
	b = appendText(b, "kind", c.Kind)
	b = appendText(b, "gender", c.Gender)
	b = appendText(b, "country", c.Country)
	b = appendText(b, "region", c.Region)
	b = appendText(b, "city", c.City)
	b = appendText(b, "area", c.Area)
	b = appendText(b, "acquisition", c.Acquisition)
	if d := c.BirthDate; d != (Date{}) {
		b = bsoncore.AppendInt32Element(b, "birth_date", d.number())
	}
	b = appendText(b, "education", c.Education)
	b = appendText(b, "occupation", c.Occupation)
	b = appendText(b, "marital_status", c.MaritalStatus)
	b = appendInt(b, "household_size", c.HouseholdSize)
	b = appendText(b, "income_band", c.IncomeBand)
	b = appendTexts(b, "interests", c.Interests)
	b = appendTexts(b, "lifestyles", c.Lifestyles)
	b = appendTexts(b, "brands", c.Brands)
	b = appendTexts(b, "channels", c.Channels)
	b = appendText(b, "stage", c.Stage)
	b = appendTime(b, "stage_time", c.StageTime)
	b = appendTime(b, "create_time", c.CreateTime)
	b = appendTime(b, "last_seen_time", c.LastSeenTime)
	b = appendTime(b, "last_view_time", c.LastViewTime)
	b = appendTime(b, "last_search_time", c.LastSearchTime)
	b = appendTime(b, "last_cart_time", c.LastCartTime)
	return encodeAttributes(b, c.Attributes)
}

// encodeAttributes keeps the attributes of the declared types; another value has
// none and is left out.
func encodeAttributes(b []byte, attributes map[string]any) []byte {
	if len(attributes) == 0 {
		return b
	}
	at, b := bsoncore.AppendDocumentElementStart(b, "attributes")
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		switch value := attributes[name].(type) {
		case string:
			b = bsoncore.AppendStringElement(b, name, value)
		case int64:
			b = bsoncore.AppendInt64Element(b, name, value)
		case float64:
			b = bsoncore.AppendDoubleElement(b, name, value)
		case bool:
			b = bsoncore.AppendBooleanElement(b, name, value)
		case time.Time:
			b = bsoncore.AppendDateTimeElement(b, name, value.UnixMilli())
		case Date: // the only numbers of 32 bits
			b = bsoncore.AppendInt32Element(b, name, value.number())
		case []string:
			b = appendTexts(b, name, value)
		}
	}
	b, _ = bsoncore.AppendDocumentEnd(b, at)
	return b
}

func encodeOrders(b []byte, f *Facts) []byte {
	o := &f.Orders
	b = appendInt(b, "count", o.Count)
	b = appendInt(b, "days", o.Days)
	b = appendTime(b, "first_time", o.FirstTime)
	b = appendTime(b, "last_time", o.LastTime)
	if len(f.Revenue) > 0 {
		at, array := bsoncore.AppendArrayElementStart(b, "revenue")
		for i, m := range f.Revenue {
			array = appendMoney(array, strconv.Itoa(i), m)
		}
		b, _ = bsoncore.AppendArrayEnd(array, at)
	}
	if len(o.Recent) > 0 {
		b = bsoncore.AppendBinaryElement(b, "recent", 0, packOrders(nil, o.Recent))
	}
	return b
}

// packOrders writes orders as varints: their number, then of each the milliseconds
// since the one before (of the first: since 1970), the amount, and the currency's
// place among those seen so far; where that is a new one, its length and letters.
func packOrders(b []byte, orders []Order) []byte {
	b = binary.AppendUvarint(b, uint64(len(orders)))
	var known [8]string
	currencies, last := known[:0], int64(0)
	for i := range orders {
		o := &orders[i]
		ms := o.Time.UnixMilli()
		b = binary.AppendVarint(b, ms-last)
		b = binary.AppendVarint(b, o.Net.Minor)
		last = ms
		at := slices.Index(currencies, o.Net.Currency)
		if at >= 0 {
			b = binary.AppendUvarint(b, uint64(at))
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(currencies)))
		b = binary.AppendUvarint(b, uint64(len(o.Net.Currency)))
		b = append(b, o.Net.Currency...)
		currencies = append(currencies, o.Net.Currency)
	}
	return b
}

func encodeFeedback(b []byte, f *Feedback) []byte {
	b = appendInt(b, "responses", f.Responses)
	b = appendFloat(b, "satisfaction", f.Satisfaction)
	return appendTime(b, "last_response_time", f.LastResponseTime)
}

func encodeReferral(b []byte, r *Referral) []byte {
	b = appendInt(b, "invitations", r.Invitations)
	b = appendInt(b, "referees", r.Referees)
	b = appendInt(b, "qualified", r.Qualified)
	return appendTime(b, "last_qualify_time", r.LastQualifyTime)
}

func encodeValuation(b []byte, f *Facts) []byte {
	b = appendTime(b, "as_of", f.AsOf)
	b = appendInt(b, "edition", f.Edition)
	if !f.Valued {
		return b
	}
	b = bsoncore.AppendBooleanElement(b, "valued", true)
	if v := &f.Value; v.Known {
		b = bsoncore.AppendBooleanElement(b, "known", true)
		b = appendMoney(b, "historic", v.Historic)
		b = appendFloat(b, "coverage", v.Coverage)
	}
	r := &f.RFM
	b = appendInt(b, "recency", int64(r.Recency))
	b = appendInt(b, "frequency", int64(r.Frequency))
	b = appendInt(b, "monetary", int64(r.Monetary))
	b = appendText(b, "cell", r.Cell)
	b = appendText(b, "group", r.Group)
	b = appendText(b, "segment", r.Segment)
	return encodePrediction(b, &f.Prediction)
}

func encodePrediction(b []byte, p *Prediction) []byte {
	for _, x := range []struct {
		name  string
		value *float64
	}{
		{"alive", p.Alive}, {"churn_risk", p.ChurnRisk}, {"expected_orders", p.ExpectedOrders},
		{"next_order_days", p.NextOrderDays}, {"overdue", p.Overdue},
	} {
		if x.value != nil {
			b = bsoncore.AppendDoubleElement(b, x.name, *x.value)
		}
	}
	if p.Churned != nil {
		b = bsoncore.AppendBooleanElement(b, "churned", *p.Churned)
	}
	if p.Residual != nil {
		at, sub := bsoncore.AppendDocumentElementStart(b, "residual")
		sub = appendText(sub, "currency", p.Residual.Currency)
		sub = appendInt(sub, "minor", p.Residual.Minor)
		b, _ = bsoncore.AppendDocumentEnd(sub, at)
	}
	return b
}
