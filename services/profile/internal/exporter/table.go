package exporter

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// idAt is the part of a resource name behind a collection.
func idAt(name, collection string) any {
	parts := strings.Split(name, "/")
	if at := slices.Index(parts, collection); at >= 0 && at+1 < len(parts) {
		return parts[at+1]
	}
	return nil
}

// id is the column of a part of the record's name.
func id(title, collection string) column {
	return column{name: title, of: func(m protoreflect.Message) (any, error) {
		name := m.Descriptor().Fields().ByName("name")
		return idAt(m.Get(name).String(), collection), nil
	}}
}

// fields are the columns of a message's fields, but for some.
func fields(m proto.Message, without ...string) []column {
	var all []column
	of := m.ProtoReflect().Descriptor().Fields()
	for i := range of.Len() {
		if f := of.Get(i); !slices.Contains(without, string(f.Name())) {
			all = append(all, columnOf(f))
		}
	}
	return all
}

// customerTable has a column for the first identifier of each type, under the
// names that imports know, and all of them as records.
func customerTable() []column {
	all := []column{id("customer_id", "customers")}
	types := profilev1.IdentifierType(0).Descriptor()
	for i := range types.Values().Len() {
		number := types.Values().Get(i).Number()
		if name, ok := word(types, number).(string); ok {
			all = append(all, column{name: name, of: func(m protoreflect.Message) (any, error) {
				for _, one := range m.Interface().(*profilev1.Customer).GetIdentifiers() {
					if one.GetType().Number() == number {
						return one.GetValue(), nil
					}
				}
				return nil, nil
			}})
		}
	}
	return append(all, fields(&profilev1.Customer{}, "name", "etag")...)
}

// orderTable has one row per order, its items and returns as records.
func orderTable() []column {
	currency := column{name: "currency", of: func(m protoreflect.Message) (any, error) {
		return m.Interface().(*profilev1.Order).GetAmount().GetCurrencyCode(), nil
	}}
	return append([]column{id("order_id", "orders"), id("customer_id", "customers"), currency},
		fields(&profilev1.Order{}, "name", "etag")...)
}

// eventTable has one row per event, what was said of it as JSON.
func eventTable() []column {
	return append([]column{id("event_id", "events"), id("customer_id", "customers"), id("visitor_id", "visitors")},
		fields(&profilev1.Event{}, "name", "identifier")...)
}
