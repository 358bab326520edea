// Package domaintest draws what tests need of the domain.
package domaintest

import (
	"reflect"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Details draws details in which any field may be set, in the form in which they
// are kept.
func Details(t *rapid.T) domain.Details {
	var d domain.Details
	for i := range domain.Fields {
		if f := &domain.Fields[i]; rapid.Bool().Draw(t, f.Name+"?") {
			fill(t, f.Name, f.Of(&d))
		}
	}
	return d
}

func fill(t *rapid.T, name string, v reflect.Value) {
	switch to := v.Addr().Interface().(type) {
	case *domain.BirthDate:
		*to = domain.BirthDate{Year: rapid.SampledFrom([]int{0, 1990}).Draw(t, name), Month: 2, Day: rapid.IntRange(1, 29).Draw(t, name)}
		if to.Year != 0 {
			to.Day = min(to.Day, 28)
		}
		return
	case *domain.Country:
		*to = rapid.SampledFrom([]domain.Country{"CN", "US", "HK"}).Draw(t, name)
		return
	case *domain.Date:
		*to = domain.Date{Year: rapid.Int64Range(1, 9999).Draw(t, name), Month: rapid.Int64Range(1, 12).Draw(t, name), Day: rapid.Int64Range(1, 28).Draw(t, name)}
		return
	case *domain.Money:
		*to = domain.Money{MinorUnits: rapid.Int64Range(-domain.MaxMinor, domain.MaxMinor).Draw(t, name), CurrencyCode: "CNY"}
		return
	case *time.Time:
		*to = time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, name)).UTC()
		return
	case *map[string]domain.Value:
		*to = map[string]domain.Value{}
		for range rapid.IntRange(1, 4).Draw(t, name) {
			(*to)[rapid.StringMatching(`[a-z][a-z0-9_]{0,5}`).Draw(t, "attribute")] = Value(t)
		}
		return
	case *domain.Identifier:
		*to = domain.Identifier{Type: domain.MemberCard, Value: text(t, name), Namespace: "shop"}
		return
	case interface{ Words() []string }:
		v.SetString(rapid.SampledFrom(to.Words()).Draw(t, name))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text(t, name))
	case reflect.Int64:
		v.SetInt(rapid.Int64Range(1, 1000).Draw(t, name))
	case reflect.Float64:
		v.SetFloat(rapid.Float64Range(0, 1e12).Draw(t, name))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(1, 3).Draw(t, name), 3))
		seen := map[string]bool{}
		for i := range v.Len() {
			for fill(t, name, v.Index(i)); v.Index(i).Kind() == reflect.String && seen[v.Index(i).String()]; {
				v.Index(i).SetString(v.Index(i).String() + "x")
			}
			if v.Index(i).Kind() == reflect.String {
				seen[v.Index(i).String()] = true
			}
			if identifier, ok := v.Index(i).Interface().(domain.Identifier); ok {
				identifier.Value += string(rune('a' + i)) // none twice
				v.Index(i).Set(reflect.ValueOf(identifier))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Type().Field(i).Name, v.Field(i))
		}
	}
}

func text(t *rapid.T, name string) string {
	return rapid.StringMatching(`[a-zA-Z王芳é0-9][a-z王 ]{0,6}[a-z]`).Draw(t, name)
}

// Value draws the value of an attribute.
func Value(t *rapid.T) domain.Value {
	v := domain.Value{Type: rapid.SampledFrom([]domain.ValueType{
		domain.TextValue, domain.NumberValue, domain.IntegerValue, domain.BoolValue,
		domain.DateValue, domain.TimestampValue, domain.ListValue, domain.MoneyValue,
	}).Draw(t, "type")}
	switch v.Type {
	case domain.TextValue:
		v.Text = text(t, "text")
	case domain.NumberValue:
		v.Number = rapid.Float64Range(-1e12, 1e12).Draw(t, "number")
	case domain.IntegerValue:
		v.Integer = rapid.Int64().Draw(t, "integer")
	case domain.BoolValue:
		v.Bool = rapid.Bool().Draw(t, "bool")
	case domain.DateValue:
		fill(t, "date", reflect.ValueOf(&v.Date).Elem())
	case domain.TimestampValue:
		fill(t, "time", reflect.ValueOf(&v.Time).Elem())
	case domain.ListValue:
		fill(t, "list", reflect.ValueOf(&v.List).Elem())
	case domain.MoneyValue:
		fill(t, "money", reflect.ValueOf(&v.Money).Elem())
	}
	return v
}
