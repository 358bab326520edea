package facts

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Type is what kind of value a fact has.
type Type string

// The types of facts. Amounts and Purchases are behind functions of rules only.
const (
	Bool      Type = "bool"
	Int       Type = "int"
	Double    Type = "double"
	Text      Type = "string"
	Timestamp Type = "timestamp"
	Calendar  Type = "date"
	Texts     Type = "list(string)"
	Amounts   Type = "amounts"   // []Money, one per currency
	Purchases Type = "purchases" // []Order
)

// Section is where facts come from.
type Section string

// The sections of facts.
const (
	FromProfile   Section = "PROFILE"
	FromOrders    Section = "ORDERS"
	FromValuation Section = "VALUATION"
	FromFeedback  Section = "FEEDBACK"
	FromReferral  Section = "REFERRAL"
)

// Field is one fact: its name, what it means, and where it is in Facts.
type Field struct {
	Name    string // e.g. "orders.count"
	Type    Type
	Section Section
	LabelEn string // as one speaks of it, e.g. "number of orders"
	LabelZh string // e.g. "订单数"
	Unit    string // e.g. "days"; empty of what has none
	// DocEn and DocZh say what it is, in one line.
	DocEn, DocZh string
	// Size is the most characters of a text, or of each text of a list; Items the
	// most texts of a list. They bound what a rule can cost.
	Size, Items uint64
	// KnownBy is the fact that tells by not being zero whether a number is known;
	// empty where zero is as good as any.
	KnownBy string
	// at points to where the value is kept; of an attribute it is the value.
	at func(*Facts) any
}

// Never is the instant that expressions see in place of one that is not known:
// longer ago than any, and near enough for the time since then to be a duration.
var Never = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// Known tells whether the fact is known of the customer.
func (f *Field) Known(x *Facts) bool {
	if f.KnownBy != "" {
		by := byName[f.KnownBy]
		return by.Bool(x) || by.Int(x) != 0
	}
	if f.isAttribute() {
		return isOf(f.Type, f.at(x))
	}
	switch v := f.at(x).(type) {
	case *string:
		return *v != ""
	case *time.Time:
		return !v.IsZero()
	case *Date:
		return *v != Date{}
	case *[]string:
		return len(*v) > 0
	case **float64:
		return *v != nil
	case **bool:
		return *v != nil
	case **Money:
		return *v != nil
	}
	return true
}

// Reads are the names of the facts to be recorded for it to be told again.
func (f *Field) Reads() []string {
	if f.KnownBy == "" || f.KnownBy == f.Name {
		return []string{f.Name}
	}
	return []string{f.Name, f.KnownBy}
}

// Bool returns a fact of type Bool, false where it is not known.
func (f *Field) Bool(x *Facts) bool {
	switch v := f.at(x).(type) {
	case *bool:
		return *v
	case **bool:
		return *v != nil && **v
	case bool:
		return v
	}
	return false
}

// Int returns a fact of type Int, 0 where it is not known. Money is in the minor unit.
func (f *Field) Int(x *Facts) int64 {
	switch v := f.at(x).(type) {
	case *int64:
		return *v
	case *int:
		return int64(*v)
	case *Money:
		return v.Minor
	case **Money:
		if *v != nil {
			return (*v).Minor
		}
	case int64:
		return v
	}
	return 0
}

// Double returns a fact of type Double, 0 where it is not known. Money is in the
// major unit.
func (f *Field) Double(x *Facts) float64 {
	switch v := f.at(x).(type) {
	case *float64:
		return *v
	case **float64:
		if *v != nil {
			return **v
		}
	case *Money:
		return v.Major()
	case **Money:
		if *v != nil {
			return (*v).Major()
		}
	case float64:
		return v
	}
	return 0
}

// Text returns a fact of type Text, empty where it is not known.
func (f *Field) Text(x *Facts) string {
	switch v := f.at(x).(type) {
	case *string:
		return *v
	case string:
		return v
	}
	return ""
}

// Time returns a fact of type Timestamp, Never where it is not known.
func (f *Field) Time(x *Facts) time.Time {
	switch v := f.at(x).(type) {
	case *time.Time:
		if !v.IsZero() {
			return *v
		}
	case time.Time:
		if !v.IsZero() {
			return v
		}
	}
	return Never
}

// Date returns a fact of type Calendar, zero where it is not known.
func (f *Field) Date(x *Facts) Date {
	switch v := f.at(x).(type) {
	case *Date:
		return *v
	case Date:
		return v
	}
	return Date{}
}

// Texts returns a fact of type Texts, nil where it is not known.
func (f *Field) Texts(x *Facts) []string {
	switch v := f.at(x).(type) {
	case *[]string:
		return *v
	case []string:
		return v
	}
	return nil
}

// Numeric returns the fact as a finite number for analyses; false where it is not
// known or no number.
func (f *Field) Numeric(x *Facts) (float64, bool) {
	var number float64
	switch f.Type {
	case Int:
		number = float64(f.Int(x))
	case Double:
		number = f.Double(x)
	default:
		return 0, false
	}
	return number, f.Known(x) && !math.IsNaN(number) && !math.IsInf(number, 0)
}

// Category returns the fact as a category for analyses; false where it is not
// known or not one of a few texts.
func (f *Field) Category(x *Facts) (string, bool) {
	switch f.Type {
	case Bool:
		return strconv.FormatBool(f.Bool(x)), f.Known(x)
	case Text:
		return f.Text(x), f.Known(x) && f.Name != "customer.id"
	}
	return "", false
}

// Currency is the ISO 4217 code of a fact that is an amount of money; empty of others, and
// where it is not known.
func (f *Field) Currency(x *Facts) string {
	switch v := f.at(x).(type) {
	case *Money:
		return v.Currency
	case **Money:
		if *v != nil {
			return (*v).Currency
		}
	}
	return ""
}

// Format writes the fact as people read it, e.g. "3", "2026-06-19T03:00:00Z", "广东";
// empty where it is not known.
func (f *Field) Format(x *Facts) string {
	if !f.Known(x) {
		return ""
	}
	switch f.Type {
	case Bool:
		return strconv.FormatBool(f.Bool(x))
	case Int:
		return strconv.FormatInt(f.Int(x), 10)
	case Double:
		return strconv.FormatFloat(f.Double(x), 'f', -1, 64)
	case Text:
		return f.Text(x)
	case Timestamp:
		return f.Time(x).UTC().Format(time.RFC3339Nano)
	case Calendar:
		return f.Date(x).String()
	case Texts:
		return strings.Join(f.Texts(x), ", ")
	case Amounts:
		amounts := make([]string, len(x.Revenue))
		for i, m := range x.Revenue {
			amounts[i] = m.String()
		}
		return strings.Join(amounts, ", ")
	case Purchases:
		return strconv.Itoa(len(x.Orders.Recent)) + " orders"
	}
	return ""
}

// String writes a date as ISO 8601 does, e.g. "1990-05-17"; "--05-17" without the
// year, "1990" without month and day; empty where nothing is known.
func (d Date) String() string {
	switch {
	case d == Date{}:
		return ""
	case d.Month == 0 || d.Day == 0:
		return strconv.Itoa(d.Year)
	}
	rest := "-" + twoDigits(d.Month) + "-" + twoDigits(d.Day)
	if d.Year == 0 {
		return "-" + rest
	}
	year := strconv.Itoa(d.Year)
	return strings.Repeat("0", max(0, 4-len(year))) + year + rest
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
