package facts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// How a value is recorded. The numbers are stored and never change.
const (
	tagNone byte = iota // not known, or zero
	tagTrue
	tagInt
	tagDouble
	tagText
	tagTime
	tagDate
	tagTexts
	tagMoney
	tagAmounts
	tagPurchases
	tagFalse
)

// Record writes the named facts compactly, in the order of the names, so that what
// decided can be told later. Names that are no facts are recorded as not known.
func Record(names []string, f *Facts) []byte {
	b := make([]byte, 0, 8*len(names))
	for _, name := range names {
		b = recordValue(b, valueOf(name, f))
	}
	return b
}

// Names of facts that are none of Fields.
const (
	attributes = "attributes." // and the attribute's name
	lists      = "lists."      // and the static segment's id: whether the customer is on it
)

func valueOf(name string, f *Facts) any {
	if segment, ok := strings.CutPrefix(name, lists); ok {
		return slices.Contains(f.Lists, segment)
	}
	if attribute, ok := strings.CutPrefix(name, attributes); ok {
		return f.Customer.Attributes[attribute]
	}
	if field, ok := byName[name]; ok {
		return field.at(f)
	}
	return nil
}

func recordValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case *bool:
		return recordBool(b, *v)
	case bool:
		return recordBool(b, v)
	case **bool:
		if *v != nil {
			return recordBool(b, **v)
		}
	case *int64:
		return binary.AppendVarint(append(b, tagInt), *v)
	case *int:
		return binary.AppendVarint(append(b, tagInt), int64(*v))
	case int64:
		return binary.AppendVarint(append(b, tagInt), v)
	case *float64:
		return recordDouble(b, *v)
	case float64:
		return recordDouble(b, v)
	case **float64:
		if *v != nil {
			return recordDouble(b, **v)
		}
	case *string:
		return recordText(append(b, tagText), *v)
	case string:
		return recordText(append(b, tagText), v)
	case *time.Time:
		return recordTime(b, *v)
	case time.Time:
		return recordTime(b, v)
	case *Date:
		return recordDate(b, *v)
	case Date:
		return recordDate(b, v)
	default:
		return recordCompound(b, value)
	}
	return append(b, tagNone)
}

func recordCompound(b []byte, value any) []byte {
	switch v := value.(type) {
	case *[]string:
		return recordTexts(b, *v)
	case []string:
		return recordTexts(b, v)
	case *Money:
		return recordMoney(append(b, tagMoney), *v)
	case **Money:
		if *v != nil {
			return recordMoney(append(b, tagMoney), **v)
		}
	case *[]Money:
		b = binary.AppendUvarint(append(b, tagAmounts), uint64(len(*v)))
		for _, m := range *v {
			b = recordMoney(b, m)
		}
		return b
	case *[]Order:
		return recordOrders(b, *v)
	}
	return append(b, tagNone)
}

func recordBool(b []byte, v bool) []byte {
	if v {
		return append(b, tagTrue)
	}
	return append(b, tagFalse)
}

func recordDouble(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, tagDouble), math.Float64bits(v))
}

func recordText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func recordTexts(b []byte, texts []string) []byte {
	b = binary.AppendUvarint(append(b, tagTexts), uint64(len(texts)))
	for _, s := range texts {
		b = recordText(b, s)
	}
	return b
}

func recordInstant(b []byte, t time.Time) []byte {
	return binary.AppendUvarint(binary.AppendVarint(b, t.Unix()), uint64(t.Nanosecond()))
}

func recordTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, tagNone)
	}
	return recordInstant(append(b, tagTime), t)
}

func recordDate(b []byte, d Date) []byte {
	b = append(b, tagDate)
	for _, part := range []int{d.Year, d.Month, d.Day} {
		b = binary.AppendVarint(b, int64(part))
	}
	return b
}

func recordMoney(b []byte, m Money) []byte {
	return binary.AppendVarint(recordText(b, m.Currency), m.Minor)
}

// appendOrders writes the time since the order before, so that 500 orders are a few
// kilobytes.
func recordOrders(b []byte, orders []Order) []byte {
	b = binary.AppendUvarint(append(b, tagPurchases), uint64(len(orders)))
	var before int64
	currency := ""
	for _, o := range orders {
		b = binary.AppendVarint(b, o.Time.Unix()-before)
		b = binary.AppendUvarint(b, uint64(o.Time.Nanosecond()))
		before = o.Time.Unix()
		if o.Net.Currency == currency { // as that of the order before
			b = recordText(b, "")
		} else {
			b = recordText(b, o.Net.Currency)
			currency = o.Net.Currency
		}
		b = binary.AppendVarint(b, o.Net.Minor)
	}
	return b
}

var errRecord = errors.New("the recorded facts are damaged")

// Recall returns facts that have the recorded values under the same names, and
// nothing else: enough for whatever reads no other names. Names that are no facts
// any more are left out. It fails where the record is not one of these names.
func Recall(names []string, recorded []byte) (*Facts, error) {
	f := &Facts{}
	r := reader{rest: recorded}
	for _, name := range names {
		value := r.value()
		if r.failed {
			return nil, fmt.Errorf("%w: at %s", errRecord, name)
		}
		if value == nil {
			continue
		}
		if attribute, ok := strings.CutPrefix(name, attributes); ok {
			if f.Customer.Attributes == nil {
				f.Customer.Attributes = map[string]any{}
			}
			f.Customer.Attributes[attribute] = value
			continue
		}
		if segment, ok := strings.CutPrefix(name, lists); ok {
			if value == true {
				f.Lists = append(f.Lists, segment)
			}
			continue
		}
		if field, ok := byName[name]; ok && !assign(field.at(f), value) {
			return nil, fmt.Errorf("%w: %s is a %T", errRecord, name, value)
		}
	}
	if len(r.rest) > 0 {
		return nil, fmt.Errorf("%w: there is more than %d values", errRecord, len(names))
	}
	return f, nil
}

// assign stores a recorded value where a fact is kept; false where it is of another type.
func assign(place, value any) bool {
	switch p := place.(type) {
	case *int:
		n, ok := value.(int64)
		*p = int(n)
		return ok
	case *bool:
		return put(p, value)
	case *int64:
		return put(p, value)
	case *float64:
		return put(p, value)
	case *string:
		return put(p, value)
	case *time.Time:
		return put(p, value)
	case *Date:
		return put(p, value)
	case *[]string:
		return put(p, value)
	case *Money:
		return put(p, value)
	case *[]Money:
		return put(p, value)
	case *[]Order:
		return put(p, value)
	case **bool:
		return putNew(p, value)
	case **float64:
		return putNew(p, value)
	case **Money:
		return putNew(p, value)
	}
	return false
}

func put[T any](p *T, value any) bool {
	v, ok := value.(T)
	*p = v
	return ok
}

func putNew[T any](p **T, value any) bool {
	v, ok := value.(T)
	*p = &v
	return ok
}
