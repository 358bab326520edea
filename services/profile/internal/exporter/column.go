// Package exporter hands out customers, orders and events as files: CSV, JSON
// lines and Parquet. A file is made while it is read and kept nowhere.
package exporter

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
)

// kind is what the values of a column are.
type kind uint8

const (
	text     kind = iota // string
	integer              // int64
	fraction             // float64
	boolean              // bool
	instant              // time.Time
	amount               // *apiv1.Money
)

// column is one column of a table. of returns nil where a record has no value.
type column struct {
	name string
	kind kind
	of   func(protoreflect.Message) (any, error)
}

// columnOf makes the column of a field by what the field is: enums are words in
// lower case, lists of texts have semicolons between, and records are JSON with
// the names of the protos.
func columnOf(f protoreflect.FieldDescriptor) column {
	c := column{name: string(f.Name())}
	get := func(m protoreflect.Message) (protoreflect.Value, bool) { return m.Get(f), m.Has(f) }
	switch {
	case f.IsList() && f.Kind() == protoreflect.StringKind:
		c.of = func(m protoreflect.Message) (any, error) { return listed(m.Get(f).List()), nil }
	case f.IsList() || f.IsMap():
		c.of = func(m protoreflect.Message) (any, error) { return records(m, f) }
	case f.Kind() == protoreflect.EnumKind:
		c.of = func(m protoreflect.Message) (any, error) { return word(f.Enum(), m.Get(f).Enum()), nil }
	case f.Kind() == protoreflect.MessageKind:
		c.kind = messageKind(f.Message().FullName())
		c.of = func(m protoreflect.Message) (any, error) {
			if v, ok := get(m); ok {
				return single(v.Message().Interface())
			}
			return nil, nil
		}
	default:
		c.kind = scalarKind(f.Kind())
		c.of = func(m protoreflect.Message) (any, error) {
			if v, ok := get(m); ok {
				return scalar(v, c.kind), nil
			}
			return nil, nil
		}
	}
	return c
}

func scalarKind(k protoreflect.Kind) kind {
	switch k {
	case protoreflect.BoolKind:
		return boolean
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return fraction
	case protoreflect.StringKind, protoreflect.BytesKind:
		return text
	}
	return integer
}

func scalar(v protoreflect.Value, k kind) any {
	switch k {
	case boolean:
		return v.Bool()
	case fraction:
		return v.Float()
	case integer:
		return v.Int()
	}
	return v.String()
}

func messageKind(name protoreflect.FullName) kind {
	switch name {
	case "google.protobuf.Timestamp":
		return instant
	case "kehu.api.v1.Money":
		return amount
	case "google.protobuf.Duration":
		return fraction
	}
	return text
}

// single is the value of a message: a duration is seconds, a date as in ISO 8601,
// --05-17 where it has no year.
func single(m proto.Message) (any, error) {
	switch v := m.(type) {
	case *timestamppb.Timestamp:
		return v.AsTime(), nil
	case *durationpb.Duration:
		return v.AsDuration().Seconds(), nil
	case *apiv1.Money:
		return v, nil
	case *date.Date:
		if v.GetYear() == 0 {
			return fmt.Sprintf("--%02d-%02d", v.GetMonth(), v.GetDay()), nil
		}
		return fmt.Sprintf("%04d-%02d-%02d", v.GetYear(), v.GetMonth(), v.GetDay()), nil
	}
	raw, err := jsonOf.Marshal(m)
	return string(raw), err
}

var jsonOf = protojson.MarshalOptions{UseProtoNames: true}

// records is a list or map of messages as JSON.
func records(m protoreflect.Message, f protoreflect.FieldDescriptor) (any, error) {
	if !m.Has(f) {
		return nil, nil
	}
	only := m.New()
	only.Set(f, m.Get(f))
	raw, err := jsonOf.Marshal(only.Interface())
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	return string(fields[string(f.Name())]), nil
}

func listed(l protoreflect.List) any {
	if l.Len() == 0 {
		return nil
	}
	all := make([]string, l.Len())
	for i := range all {
		all[i] = l.Get(i).String()
	}
	return strings.Join(all, "; ")
}

// word is an enum's value without what all its values begin with, in lower case;
// nil for the one that says nothing.
func word(e protoreflect.EnumDescriptor, n protoreflect.EnumNumber) any {
	v := e.Values().ByNumber(n)
	if n == 0 || v == nil {
		return nil
	}
	prefix := strings.TrimSuffix(string(e.Values().ByNumber(0).Name()), "UNSPECIFIED")
	return strings.ToLower(strings.TrimPrefix(string(v.Name()), prefix))
}

// written is a time as text in files.
func written(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }
