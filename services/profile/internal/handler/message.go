package handler

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// The structs of the domain and the messages of the API have the same fields by
// the same names. So they are converted by their names: a struct that is zero is
// a message that is not set, and a word of the domain is the enum value of that
// name, "individual" for CUSTOMER_KIND_INDIVIDUAL.

// pairing is a field of a struct and that of its message.
type pairing struct {
	index int
	field protoreflect.FieldDescriptor
}

var pairings sync.Map // reflect.Type → []pairing

// pairingsOf are the fields that a struct and a message have in common: all of
// the struct's.
func pairingsOf(t reflect.Type, m protoreflect.MessageDescriptor) []pairing {
	if known, ok := pairings.Load(t); ok {
		return known.([]pairing)
	}
	pairs := make([]pairing, 0, t.NumField())
	for i := range t.NumField() {
		name := protoreflect.Name(t.Field(i).Tag.Get("json"))
		if field := m.Fields().ByName(name); field != nil {
			pairs = append(pairs, pairing{i, field})
		}
	}
	pairings.Store(t, pairs)
	return pairs
}

// write sets a message to what a struct holds.
func write(from reflect.Value, to protoreflect.Message) {
	for _, pair := range pairingsOf(from.Type(), to.Descriptor()) {
		v := from.Field(pair.index)
		switch {
		case v.IsZero():
		case pair.field.IsMap():
			entries := to.Mutable(pair.field).Map()
			for _, key := range v.MapKeys() {
				value := attributeProto(v.MapIndex(key).Interface().(domain.Value))
				entries.Set(protoreflect.ValueOfString(key.String()).MapKey(), protoreflect.ValueOfMessage(value.ProtoReflect()))
			}
		case pair.field.IsList():
			if v.Len() == 0 {
				continue
			}
			list := to.Mutable(pair.field).List()
			for i := range v.Len() {
				list.Append(protoValue(v.Index(i), pair.field, list.NewElement))
			}
		default:
			to.Set(pair.field, protoValue(v, pair.field, func() protoreflect.Value { return to.NewField(pair.field) }))
		}
	}
}

// protoValue is one value as the field holds it; fresh makes an empty one.
func protoValue(v reflect.Value, field protoreflect.FieldDescriptor, fresh func() protoreflect.Value) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(wordsOf(field.Enum()).numbers[v.String()])
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(v.String())
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(v.Int()))
	case protoreflect.MessageKind:
		if at, ok := v.Interface().(time.Time); ok {
			return protoreflect.ValueOfMessage(timestamppb.New(at).ProtoReflect())
		}
		m := fresh()
		write(v, m.Message())
		return m
	}
	return protoreflect.ValueOf(v.Interface())
}

// read sets a struct to what a message holds. path is the message's, empty for
// the record itself.
func read(from protoreflect.Message, to reflect.Value, path string, faults *[]*fault.Fault) {
	for _, pair := range pairingsOf(to.Type(), from.Descriptor()) {
		if !from.Has(pair.field) {
			continue
		}
		v, name := to.Field(pair.index), strings.TrimPrefix(path+"."+string(pair.field.Name()), ".")
		value := from.Get(pair.field)
		switch {
		case pair.field.IsMap():
			attributes := make(map[string]domain.Value, value.Map().Len())
			value.Map().Range(func(key protoreflect.MapKey, m protoreflect.Value) bool {
				a, f := attributeValue(name+"."+key.String(), m.Message().Interface().(*profilev1.AttributeValue))
				*faults = append(*faults, f)
				attributes[key.String()] = a
				return true
			})
			v.Set(reflect.ValueOf(attributes))
		case pair.field.IsList():
			list := value.List()
			v.Set(reflect.MakeSlice(v.Type(), list.Len(), list.Len()))
			for i := range list.Len() {
				readValue(list.Get(i), pair.field, v.Index(i), fmt.Sprintf("%s[%d]", name, i), faults)
			}
		default:
			readValue(value, pair.field, v, name, faults)
		}
	}
}

func readValue(value protoreflect.Value, field protoreflect.FieldDescriptor, v reflect.Value, path string, faults *[]*fault.Fault) {
	switch field.Kind() {
	case protoreflect.EnumKind:
		word, ok := wordsOf(field.Enum()).words[value.Enum()]
		if !ok {
			*faults = append(*faults, fault.Invalid(path, "must be one of the values the API defines, is %d", value.Enum()))
		}
		v.SetString(word)
	case protoreflect.StringKind:
		v.SetString(value.String())
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		v.SetInt(value.Int())
	case protoreflect.DoubleKind:
		v.SetFloat(value.Float())
	case protoreflect.BoolKind:
		v.SetBool(value.Bool())
	case protoreflect.MessageKind:
		if at, ok := value.Message().Interface().(*timestamppb.Timestamp); ok {
			t, f := instant(path, at)
			*faults = append(*faults, f)
			v.Set(reflect.ValueOf(t))
			return
		}
		read(value.Message(), v, path, faults)
	}
}

// words are the values of an enum and the domain's words for them.
type words struct {
	words   map[protoreflect.EnumNumber]string
	numbers map[string]protoreflect.EnumNumber
}

var enumWords sync.Map // protoreflect.FullName → *words

func wordsOf(d protoreflect.EnumDescriptor) *words {
	if known, ok := enumWords.Load(d.FullName()); ok {
		return known.(*words)
	}
	all := &words{map[protoreflect.EnumNumber]string{}, map[string]protoreflect.EnumNumber{}}
	prefix := enumPrefix(string(d.Name()))
	for i := range d.Values().Len() {
		value := d.Values().Get(i)
		word := strings.ToLower(strings.TrimPrefix(string(value.Name()), prefix))
		if value.Number() == 0 {
			word = "" // not known
		}
		all.words[value.Number()], all.numbers[word] = word, value.Number()
	}
	enumWords.Store(d.FullName(), all)
	return all
}

// enumPrefix is what the values of an enum begin with: CUSTOMER_KIND_ for CustomerKind.
func enumPrefix(name string) string {
	var prefix strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			prefix.WriteByte('_')
		}
		prefix.WriteRune(unicode.ToUpper(r))
	}
	return prefix.String() + "_"
}
