package domain

import (
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// ValueType is what an attribute's values are.
type ValueType string

// The types.
const (
	TextValue      ValueType = "string"
	NumberValue    ValueType = "number"
	IntegerValue   ValueType = "integer"
	BoolValue      ValueType = "bool"
	DateValue      ValueType = "date"
	TimestampValue ValueType = "timestamp"
	ListValue      ValueType = "list"
	MoneyValue     ValueType = "money"
)

// Words lists the types.
func (ValueType) Words() []string {
	return []string{"string", "number", "integer", "bool", "date", "timestamp", "list", "money"}
}

// Value is the value of an attribute: the field that Type names holds it.
type Value struct {
	Type    ValueType `json:"type"`
	Text    string    `json:"text"`
	Number  float64   `json:"number"`
	Integer int64     `json:"integer"`
	Bool    bool      `json:"bool"`
	Date    Date      `json:"date"`
	Time    time.Time `json:"time"`
	List    []string  `json:"list"`
	Money   Money     `json:"money"`
}

// Same compares values as a caller sees them.
func (v Value) Same(other Value) bool { return same(reflect.ValueOf(v), reflect.ValueOf(other)) }

const (
	maxAttributeText  = 1024
	maxAttributeItem  = 256
	maxAttributeItems = 100
)

func (v *Value) check(field string, now time.Time) *fault.Fault {
	switch v.Type {
	case TextValue:
		return checkLine(field+".string_value", v.Text, maxAttributeText)
	case NumberValue:
		if math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
			return fault.Invalid(field+".number_value", "must be a finite number")
		}
	case DateValue:
		return v.Date.check(field+".date_value", now)
	case TimestampValue:
		return checkInstant(field+".timestamp_value", &v.Time)
	case ListValue:
		if len(v.List) > maxAttributeItems {
			return fault.Invalid(field+".list_value.values", "must be at most %d, are %d", maxAttributeItems, len(v.List))
		}
		var all faults
		checkTexts(field+".list_value.values", &v.List, maxAttributeItem, &all)
		if len(all) > 0 {
			return all[0]
		}
	case MoneyValue:
		return v.Money.check(field+".money_value", now)
	case IntegerValue, BoolValue:
	default:
		return fault.Invalid(field, "must hold a value")
	}
	return nil
}

// checkAttributes checks the shapes of the attributes.
func checkAttributes(attributes map[string]Value, limit int64, now time.Time, all *faults) map[string]Value {
	if int64(len(attributes)) > limit {
		all.add(fault.Invalid("attributes", "must be at most %d, are %d", limit, len(attributes)))
		return attributes
	}
	if len(attributes) == 0 {
		return nil
	}
	kept := make(map[string]Value, len(attributes))
	for _, name := range sortedNames(attributes) {
		value := attributes[name]
		if f := checkName("attributes", name); f != nil {
			all.add(f)
			continue
		}
		all.add(value.check(fmt.Sprintf("attributes.%s", name), now))
		kept[name] = value
	}
	return kept
}

// Money is an exact amount in minor units of a currency; the zero value is none.
type Money struct {
	MinorUnits   int64  `json:"minor_units"`
	CurrencyCode string `json:"currency_code"`
}

func (m *Money) check(field string, _ time.Time) *fault.Fault {
	if *m == (Money{}) {
		return nil
	}
	if f := CheckCurrency(field+".currency_code", m.CurrencyCode); f != nil {
		return f
	}
	if m.MinorUnits < -MaxMinor || m.MinorUnits > MaxMinor {
		return fault.Invalid(field+".minor_units", "must be from -%d to %d, is %d", int64(MaxMinor), int64(MaxMinor), m.MinorUnits)
	}
	return nil
}

// Date is a calendar date; the zero value is none.
type Date struct {
	Year  int64 `json:"year"`
	Month int64 `json:"month"`
	Day   int64 `json:"day"`
}

func (d *Date) check(field string, _ time.Time) *fault.Fault {
	if *d == (Date{}) {
		return nil
	}
	date := time.Date(int(d.Year), time.Month(d.Month), int(d.Day), 0, 0, 0, 0, time.UTC)
	if d.Year < 1 || d.Year > 9999 || int64(date.Month()) != d.Month || int64(date.Day()) != d.Day {
		return fault.Invalid(field, "must be a date of the calendar between the years 1 and 9999, is %04d-%02d-%02d", d.Year, d.Month, d.Day)
	}
	return nil
}
