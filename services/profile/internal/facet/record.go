package facet

import (
	"reflect"
	"strings"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/condition"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// naming are the fields by which a person is told from others. They are no facets:
// nobody is to be looked for by an analysis.
var naming = map[string]bool{"display_name": true, "identifiers": true, "birth_date": true, "postal_addresses": true}

// sensitive reports a field of the record that is kept with consent alone.
func sensitive(name string) bool {
	field := domain.FieldNamed(name)
	return field != nil && field.Sensitive
}

// ofRecord makes the facet of a field of the record: one that is a text, a number
// or a list of texts. Sensitive fields are none: what they hold was given for
// another purpose.
func (f *Facet) ofRecord(name string) {
	switch name {
	case "id":
		f.of = func(s *Subject) condition.Value { return condition.Of(s.Customer.ID) }
		return
	case "social_followers":
		f.Number = true
		f.of = func(s *Subject) condition.Value {
			if len(s.Customer.SocialAccounts) == 0 {
				return condition.Value{}
			}
			sum := 0.0
			for i := range s.Customer.SocialAccounts {
				sum += float64(s.Customer.SocialAccounts[i].Followers)
			}
			return condition.OfNumber(sum)
		}
		return
	}
	field := domain.FieldNamed(name)
	if field == nil || field.Sensitive || naming[name] {
		return
	}
	switch kind := field.Type.Kind(); {
	case kind == reflect.String:
		f.of = func(s *Subject) condition.Value { return condition.Of(field.Of(&s.Customer.Details).String()) }
	case kind == reflect.Int64:
		f.Number = true
		f.of = func(s *Subject) condition.Value {
			if n := field.Of(&s.Customer.Details).Int(); n != 0 { // 0 is not known
				return condition.OfNumber(float64(n))
			}
			return condition.Value{}
		}
	case field.Type == reflect.TypeFor[[]string]():
		f.of = func(s *Subject) condition.Value {
			return condition.OfList(field.Of(&s.Customer.Details).Interface().([]string))
		}
	}
}

// ofAttribute makes the facet of one of the company's own attributes. An amount of
// money is a number of minor units in the currency that is asked for behind the
// attribute's name, as in "budget.CNY".
func (f *Facet) ofAttribute(at, name string, frame Frame) error {
	name, currency, _ := strings.Cut(name, ".")
	kind := frame.Attributes[name]
	switch {
	case frame.Sensitive[name]:
		return refused(at, "FIELD_SENSITIVE", "must not be %q: it is sensitive, and was given for another purpose", f.Name)
	case kind == "":
		return refused(at, "ATTRIBUTE_UNKNOWN", "must be an attribute that is defined: there is no attributeDefinitions/%.80s", name)
	case kind == domain.MoneyValue && domain.CheckCurrency("", currency) != nil:
		return refused(at, "FIELD_UNKNOWN", "must say in which currency the amount is, as in attributes.%s.CNY, is %q", name, f.Name)
	case kind != domain.MoneyValue && currency != "":
		return refused(at, "FIELD_UNKNOWN", "must be attributes.%s, which is no amount of money, is %.80q", name, f.Name)
	}
	f.Number = kind == domain.NumberValue || kind == domain.IntegerValue || kind == domain.MoneyValue
	f.of = func(s *Subject) condition.Value {
		v := s.Customer.Attributes[name]
		switch v.Type {
		case domain.TextValue:
			return condition.Of(v.Text)
		case domain.NumberValue:
			return condition.OfNumber(v.Number)
		case domain.IntegerValue:
			return condition.OfNumber(float64(v.Integer))
		case domain.BoolValue:
			return condition.OfTruth(v.Bool)
		case domain.DateValue:
			return condition.Of(time.Date(int(v.Date.Year), time.Month(v.Date.Month), int(v.Date.Day), 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		case domain.TimestampValue:
			return condition.Of(v.Time.UTC().Format(time.RFC3339))
		case domain.ListValue:
			return condition.OfList(v.List)
		case domain.MoneyValue:
			if v.Money.CurrencyCode == currency {
				return condition.OfNumber(float64(v.Money.MinorUnits))
			}
		}
		return condition.Value{}
	}
	return nil
}
