package domain

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Field is one field of Details.
type Field struct {
	Name      string // as in the API
	Sensitive bool   // kept only with the person's consent
	Type      reflect.Type
	index     int
	bounds
}

// bounds are what the tags of a field say.
type bounds struct {
	max, items int64 // 0 is no bound
	required   bool
}

// Fields lists the fields of Details.
var Fields = fieldsOf(reflect.TypeFor[Details]())

var fieldsByName = func() map[string]*Field {
	byName := make(map[string]*Field, len(Fields))
	for i := range Fields {
		byName[Fields[i].Name] = &Fields[i]
	}
	return byName
}()

// FieldNamed is the field with a name in the API, nil where there is none.
func FieldNamed(name string) *Field { return fieldsByName[name] }

func fieldsOf(t reflect.Type) []Field {
	fields := make([]Field, t.NumField())
	for i := range fields {
		f := t.Field(i)
		fields[i] = Field{
			Name: f.Tag.Get("json"), Sensitive: f.Tag.Get("sensitive") != "", Type: f.Type, index: i,
			bounds: bounds{max: bound(f, "max"), items: bound(f, "items"), required: f.Tag.Get("required") != ""},
		}
	}
	return fields
}

func bound(f reflect.StructField, tag string) int64 {
	n, err := strconv.ParseInt(f.Tag.Get(tag), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Of is the field's value in details, which can be set.
func (f *Field) Of(d *Details) reflect.Value { return reflect.ValueOf(d).Elem().Field(f.index) }

// Set reports whether details have a value for the field.
func (f *Field) Set(d *Details) bool { return !empty(f.Of(d)) }

// Same reports whether two details have the same value for the field.
func (f *Field) Same(a, b *Details) bool { return same(f.Of(a), f.Of(b)) }

// empty is IsZero that takes a list without items for none.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

// same compares values as a caller sees them: a missing list is an empty one, and
// a time is an instant.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, key := range a.MapKeys() {
			if other := b.MapIndex(key); !other.IsValid() || !same(a.MapIndex(key), other) {
				return false
			}
		}
		return true
	case reflect.Struct:
		if at, ok := a.Interface().(time.Time); ok {
			return at.Equal(b.Interface().(time.Time))
		}
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// SameContent reports whether two customers differ in nothing that a caller sets.
func (d *Details) SameContent(other *Details) bool {
	for i := range Fields {
		if !Fields[i].Same(d, other) {
			return false
		}
	}
	return true
}

// Learn takes what from knows: its fields that are set replace those of d, its
// attributes those of the same name, and its identifiers are added.
func (d *Details) Learn(from *Details) {
	identifiers, attributes := d.Identifiers, d.Attributes
	for i := range Fields {
		if f := &Fields[i]; f.Set(from) {
			f.Of(d).Set(f.Of(from))
		}
	}
	d.Identifiers = joined(identifiers, from.Identifiers)
	d.Attributes = merged(attributes, from.Attributes)
}

func joined(a, b []Identifier) []Identifier {
	all := append([]Identifier(nil), a...)
	for _, identifier := range b {
		if !contains(all, identifier) {
			all = append(all, identifier)
		}
	}
	return all
}

func merged(a, b map[string]Value) map[string]Value {
	if len(b) == 0 {
		return a
	}
	all := make(map[string]Value, len(a)+len(b))
	for _, from := range []map[string]Value{a, b} {
		for name, value := range from {
			all[name] = value
		}
	}
	return all
}

func upper(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

// short is text fit for being quoted in a message.
func short(s string) string {
	const limit = 40
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
