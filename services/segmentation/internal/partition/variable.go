package partition

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/misspelt"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Variable is a number or a category of customers at a moment.
type Variable struct {
	Name           string
	Label, LabelZh string
	Unit           string // of a number; empty for counts and shares
	// Reads are the names of the facts it is worked out of.
	Reads []string
	// Number is nil of a category; false where it is not known.
	Number func(*facts.Facts, Moment) (float64, bool)
	// Category is nil of a number.
	Category func(*facts.Facts) (string, bool)
	// Days tells of a number that grows by one at each midnight of the zone.
	Days bool
	// Next is when the number can change though no fact does; nil: never, or, with
	// Days, at midnight. The zero time is never.
	Next func(*facts.Facts, Moment) time.Time
}

// Numeric tells numbers from categories.
func (v *Variable) Numeric() bool { return v.Number != nil }

// Find finds a variable by its name, a fact or one worked out of facts. field is where
// the name stands.
func Find(field, name string) (*Variable, error) {
	if currency, is := strings.CutPrefix(name, "revenue."); is {
		if !facts.IsCurrency(currency) {
			return nil, unknownVariable(field, name, "; behind revenue. stands an ISO 4217 currency, e.g. revenue.CNY")
		}
		return revenueIn(name, currency), nil
	}
	if attribute, is := strings.CutPrefix(name, "attributes."); is && attribute != "" {
		return attributeOf(name, attribute), nil
	}
	for _, v := range derived {
		if v.Name == name {
			return v, nil
		}
	}
	if v := plain(name); v != nil {
		return v, nil
	}
	return nil, unknownVariable(field, name, near(name))
}

// FindNumber is Find for what must be a number. The type of a custom attribute is
// declared elsewhere: where a number is needed, it is taken for one.
func FindNumber(field, name string) (*Variable, error) {
	if attribute, is := strings.CutPrefix(name, "attributes."); is && attribute != "" {
		return numberAttribute(name, attribute), nil
	}
	v, err := Find(field, name)
	if err != nil {
		return nil, err
	}
	if !v.Numeric() {
		return nil, fault.Invalid(field, "must name a number, %s is a category", name)
	}
	return v, nil
}

func unknownVariable(field, name, hint string) *fault.Fault {
	f := fault.Invalid(field, "there is no variable %.128q%s", name, hint)
	f.Reason = "VARIABLE_UNKNOWN"
	return f
}

// near suggests the name that was probably meant.
func near(name string) string {
	best, least := "", 4
	for _, v := range Variables() {
		if d := misspelt.Distance(name, v.Name); d < least {
			best, least = v.Name, d
		}
	}
	if best == "" {
		return "; docs/schemes.md lists them"
	}
	return "; did you mean " + best + "?"
}

// revenueIn is what a customer paid less what was refunded, in the currency's major unit.
func revenueIn(name, currency string) *Variable {
	return &Variable{
		Name: name, Label: "revenue (" + currency + ")", LabelZh: "收入(" + currency + ")", Unit: currency, Reads: []string{"revenue"},
		Number: func(f *facts.Facts, _ Moment) (float64, bool) {
			for _, m := range f.Revenue {
				if m.Currency == currency {
					return m.Major(), true
				}
			}
			return 0, true // nothing paid in it
		},
	}
}

// attributeOf is a custom attribute as a category: a text, or true and false.
func attributeOf(name, attribute string) *Variable {
	return &Variable{
		Name: name, Label: attribute, LabelZh: attribute, Reads: []string{name},
		Category: func(f *facts.Facts) (string, bool) {
			switch v := f.Customer.Attributes[attribute].(type) {
			case string:
				return v, v != ""
			case bool:
				return strconv.FormatBool(v), true
			}
			return "", false
		},
	}
}

// numberAttribute is a custom attribute as a number.
func numberAttribute(name, attribute string) *Variable {
	return &Variable{
		Name: name, Label: attribute, LabelZh: attribute, Reads: []string{name},
		Number: func(f *facts.Facts, _ Moment) (float64, bool) {
			switch v := f.Customer.Attributes[attribute].(type) {
			case int64:
				return float64(v), true
			case float64:
				return v, !math.IsNaN(v) && !math.IsInf(v, 0)
			}
			return 0, false
		},
	}
}
