package events

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Attributes knows the attributes that the company has defined; *attributes.Store
// is one.
type Attributes interface {
	// Types are the types of the attributes' values by the attributes' ids.
	Types(ctx context.Context) (map[string]domain.ValueType, error)
}

// own reads the traits that nobody has read and for which an attribute is
// defined, under the trait's name or that name in snake case.
func (r *traitReader) own(given *reader, types map[string]domain.ValueType) {
	for name, value := range given.given {
		if given.used[name] || value == nil {
			continue
		}
		id := name
		if types[id] == "" {
			id = snakeCase(name)
		}
		kind := types[id]
		if kind == "" {
			continue
		}
		given.used[name] = true
		v, ok := valueOf(value, kind)
		var f *fault.Fault
		if !ok {
			f = fault.Invalid("attributes."+id, "must be a value of type %s", kind)
		}
		r.add(name, "attributes."+id, domain.Details{Attributes: map[string]domain.Value{id: v}}, f)
	}
}

// snakeCase writes loyaltyTier as loyalty_tier.
func snakeCase(name string) string {
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// valueOf reads a value of JSON as one of a type. Money has no form in traits.
func valueOf(value any, kind domain.ValueType) (domain.Value, bool) {
	v := domain.Value{Type: kind}
	text, isText := value.(string)
	number, isNumber := value.(float64)
	ok := false
	switch kind {
	case domain.TextValue:
		if v.Text, ok = text, isText; isNumber {
			v.Text, ok = strconv.FormatFloat(number, 'f', -1, 64), true
		}
	case domain.NumberValue:
		v.Number, ok = number, isNumber
	case domain.IntegerValue:
		v.Integer, ok = int64(number), isNumber && number == math.Trunc(number) && math.Abs(number) <= 1<<53
	case domain.BoolValue:
		v.Bool, ok = value.(bool)
	case domain.DateValue:
		if len(text) > 10 && text[10] == 'T' {
			text = text[:10]
		}
		at, err := time.Parse(time.DateOnly, text)
		v.Date, ok = domain.Date{Year: int64(at.Year()), Month: int64(at.Month()), Day: int64(at.Day())}, err == nil
	case domain.TimestampValue:
		at, err := time.Parse(time.RFC3339Nano, text)
		v.Time, ok = at.UTC(), err == nil
	case domain.ListValue:
		var list []any
		list, ok = value.([]any)
		for _, element := range list {
			one, isText := element.(string)
			v.List, ok = append(v.List, one), ok && isText
		}
	}
	return v, ok
}
