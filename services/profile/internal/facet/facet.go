// Package facet names what can be asked of a customer in an analysis: what the
// record says, the company's own attributes, and figures of orders, events and the
// journey.
package facet

import (
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/condition"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
)

// Subject is a customer of whom something is asked.
type Subject struct {
	*activity.Person
	// Stage is of the journey, where a facet that says so asks for it.
	Stage journey.Stage
}

// Frame is what facets are seen in.
type Frame struct {
	AsOf time.Time
	Zone *time.Location // in which a birthday begins
	// Attributes are the types of the company's own attributes that are defined.
	Attributes map[string]domain.ValueType
	// Sensitive are attributes that no analysis may ask for.
	Sensitive map[string]bool
}

// Facet is one thing that can be asked.
type Facet struct {
	Name   string
	Number bool // its values are numbers
	Needs  activity.Needs
	Stage  bool // needs the stage of the journey
	of     func(*Subject) condition.Value
}

// Of is the customer's value, missing where it is not known.
func (f *Facet) Of(s *Subject) condition.Value { return f.of(s) }

// New finds a facet by its name. The faults FIELD_UNKNOWN, FIELD_SENSITIVE and
// ATTRIBUTE_UNKNOWN name the field of the request in which the name stands.
func New(at, name string, frame Frame) (*Facet, error) {
	head, rest, _ := strings.Cut(name, ".")
	f := &Facet{Name: name}
	switch {
	case head == "customer":
		f.ofRecord(rest)
	case head == "attributes":
		if err := f.ofAttribute(at, rest, frame); err != nil {
			return nil, err
		}
	case name == "age":
		f.Number = true
		f.of = func(s *Subject) condition.Value { return age(s.Customer.BirthDate, frame) }
	case name == "birth_month":
		f.Number = true
		f.of = func(s *Subject) condition.Value {
			if s.Customer.BirthDate.Month == 0 {
				return condition.Value{}
			}
			return condition.OfNumber(float64(s.Customer.BirthDate.Month))
		}
	case head == "orders":
		f.ofOrders(rest, frame)
	case head == "events":
		f.ofEvents(rest, frame)
	case name == "journey.stage":
		f.Stage = true
		f.of = func(s *Subject) condition.Value { return condition.Of(s.Stage.String()) }
	}
	if head == "customer" && sensitive(rest) {
		return nil, refused(at, "FIELD_SENSITIVE", "must not be %q: it is sensitive, and was given for another purpose", name)
	}
	if f.of == nil {
		return nil, refused(at, "FIELD_UNKNOWN", "customers have no field %q; there are customer.…, attributes.…, age, birth_month, orders.count, orders.recency_days, orders.tenure_days, orders.revenue.CNY, orders.average.CNY, events.count, events.recency_days and journey.stage", name)
	}
	return f, nil
}

func refused(at, reason, what string, args ...any) *fault.Fault {
	f := fault.Invalid(at, what, args...)
	f.Reason = reason
	return f
}

// age is in whole years on the day that it is in the frame's zone. Who is born on
// 29 February is a year older on 1 March where there is no such day.
func age(birth domain.BirthDate, frame Frame) condition.Value {
	if birth.Year == 0 {
		return condition.Value{}
	}
	year, month, day := frame.AsOf.In(frame.Zone).Date()
	years := year - birth.Year
	if int(month) < birth.Month || int(month) == birth.Month && day < birth.Day {
		years--
	}
	return condition.OfNumber(float64(max(years, 0)))
}

func (f *Facet) ofOrders(name string, frame Frame) {
	f.Number, f.Needs = true, activity.Needs{Orders: true}
	kind, currency, _ := strings.Cut(name, ".")
	switch {
	case name == "count":
		f.of = func(s *Subject) condition.Value { return condition.OfNumber(float64(len(s.Orders))) }
	case name == "recency_days":
		f.of = func(s *Subject) condition.Value {
			if len(s.Orders) == 0 {
				return condition.Value{}
			}
			return days(s.Orders[len(s.Orders)-1].TimeMS, frame)
		}
	case name == "tenure_days":
		f.of = func(s *Subject) condition.Value {
			if len(s.Orders) == 0 {
				return condition.Value{}
			}
			return days(s.Orders[0].TimeMS, frame)
		}
	case (kind == "revenue" || kind == "average") && domain.CheckCurrency("currency", currency) == nil:
		f.of = func(s *Subject) condition.Value { return revenue(s.Orders, currency, kind == "average") }
	}
}

// revenue is the sum, or the mean, of the orders in one currency, less refunds.
func revenue(orders []activity.Order, currency string, mean bool) condition.Value {
	sum, n := 0.0, 0
	for i := range orders {
		if orders[i].Currency == currency {
			sum += float64(orders[i].Amount - orders[i].Refunded)
			n++
		}
	}
	if n == 0 {
		return condition.Value{}
	}
	if mean {
		sum /= float64(n)
	}
	return condition.OfNumber(sum)
}

func (f *Facet) ofEvents(name string, frame Frame) {
	f.Number, f.Needs = true, activity.Needs{Events: true}
	switch name {
	case "count":
		f.of = func(s *Subject) condition.Value { return condition.OfNumber(float64(len(s.Steps) - len(s.Orders))) }
	case "recency_days":
		f.of = func(s *Subject) condition.Value {
			for i := len(s.Steps) - 1; i >= 0; i-- {
				if s.Steps[i].Type != activity.Ordered {
					return days(s.Steps[i].TimeMS, frame)
				}
			}
			return condition.Value{}
		}
	}
}

// days are whole days of 24 hours up to the frame's instant.
func days(sinceMS int64, frame Frame) condition.Value {
	return condition.OfNumber(float64((frame.AsOf.UnixMilli() - sinceMS) / (24 * 3600 * 1000)))
}
