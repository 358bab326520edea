package call

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
)

// What a value must be, by the kinds and the messages that have a short form.
var (
	kindForms = map[protoreflect.Kind]string{
		protoreflect.BoolKind: "true or false", protoreflect.StringKind: "text", protoreflect.BytesKind: "base64 or @FILE",
		protoreflect.Int32Kind: "a whole number", protoreflect.Int64Kind: "a whole number",
		protoreflect.Sint32Kind: "a whole number", protoreflect.Sint64Kind: "a whole number",
		protoreflect.Sfixed32Kind: "a whole number", protoreflect.Sfixed64Kind: "a whole number",
		protoreflect.Uint32Kind: "a whole number from 0", protoreflect.Uint64Kind: "a whole number from 0",
		protoreflect.Fixed32Kind: "a whole number from 0", protoreflect.Fixed64Kind: "a whole number from 0",
		protoreflect.FloatKind: "a number", protoreflect.DoubleKind: "a number",
	}
	messageForms = map[protoreflect.FullName]string{
		"google.protobuf.Timestamp": "a time, e.g. 2026-01-31T08:00:00+08:00, or a date for midnight UTC",
		"google.protobuf.Duration":  "a duration, e.g. 90s or 24h",
		"google.protobuf.FieldMask": "fields by their names with commas between them, e.g. display_name,city",
		"google.type.Date":          "a date, e.g. 2026-01-31",
	}
)

// form says what one value of a field must be.
func form(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return "KEY=VALUE, the value being " + form(field.MapValue())
	case field.Enum() != nil:
		return "one of " + strings.Join(enumNames(field.Enum()), ", ")
	case field.Message() != nil:
		if short, ok := messageForms[field.Message().FullName()]; ok {
			return short
		}
		return "JSON or @FILE"
	default:
		return kindForms[field.Kind()]
	}
}

// parse reads the text of one value of a field: of one element where the field
// is a list, of one entry where it is a map. The value is returned in a message
// of the field's own type, so that whoever has many can merge them.
func parse(field protoreflect.FieldDescriptor, text string, into protoreflect.Message) error {
	if !utf8.ValidString(text) {
		return errors.New("must be UTF-8")
	}
	encoded, err := encode(field, text)
	if err != nil {
		return err
	}
	if field.IsList() {
		encoded = "[" + encoded + "]"
	}
	document := "{" + quote(field.JSONName()) + ":" + encoded + "}"
	if err := protojson.Unmarshal([]byte(document), into.Interface()); err != nil {
		if field.Message() != nil && !field.IsMap() && messageForms[field.Message().FullName()] == "" {
			return errors.New(plain(err))
		}
		return fmt.Errorf("must be %s", form(field))
	}
	return nil
}

// encode writes one value as protojson wants it.
func encode(field protoreflect.FieldDescriptor, text string) (string, error) {
	if field.IsMap() {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return "", fmt.Errorf("must be %s", form(field))
		}
		encoded, err := encode(field.MapValue(), value)
		return "{" + quote(key) + ":" + encoded + "}", err
	}
	switch field.Kind() {
	case protoreflect.BoolKind:
		if text != "true" && text != "false" {
			return "", errors.New("must be true or false")
		}
		return text, nil
	case protoreflect.EnumKind:
		return quote(enumName(field.Enum(), text)), nil
	case protoreflect.BytesKind:
		content, found, err := ofFile(text)
		if err != nil || !found {
			return quote(text), err
		}
		return quote(base64.StdEncoding.EncodeToString(content)), nil
	case protoreflect.MessageKind:
		return encodeMessage(field.Message().FullName(), text)
	default:
		return quote(text), nil
	}
}

func encodeMessage(name protoreflect.FullName, text string) (string, error) {
	switch name {
	case "google.protobuf.Timestamp":
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			text = day.Format(time.RFC3339)
		}
		return quote(text), nil
	case "google.protobuf.Duration":
		if d, err := time.ParseDuration(text); err == nil {
			encoded, err := protojson.Marshal(durationpb.New(d))
			return string(encoded), err
		}
		return quote(text), nil
	case "google.protobuf.FieldMask":
		return maskPaths(text), nil
	case "google.type.Date":
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			return fmt.Sprintf(`{"year":%d,"month":%d,"day":%d}`, day.Year(), day.Month(), day.Day()), nil
		}
	}
	content, found, err := ofFile(text)
	if found {
		text = string(content)
	}
	return text, err
}

// maskPaths writes the paths of a mask in camel case, as JSON has them.
func maskPaths(text string) string {
	var b strings.Builder
	for i, word := range strings.Split(text, "_") {
		if i > 0 && word != "" {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		b.WriteString(word)
	}
	return quote(b.String())
}

// enumNames are the values of an enum as the command line names them, without
// the unspecified one: CUSTOMER_KIND_INDIVIDUAL is individual.
func enumNames(enum protoreflect.EnumDescriptor) []string {
	var names []string
	prefix := strings.TrimSuffix(string(enum.Values().Get(0).Name()), "UNSPECIFIED")
	for i := range enum.Values().Len() {
		value := enum.Values().Get(i)
		if value.Number() != 0 {
			names = append(names, kebab(strings.ToLower(strings.TrimPrefix(string(value.Name()), prefix))))
		}
	}
	return names
}

// enumName is the proto's name of a value, which may be given in full or short.
func enumName(enum protoreflect.EnumDescriptor, text string) string {
	upper := strings.ToUpper(strings.ReplaceAll(text, "-", "_"))
	prefix := strings.TrimSuffix(string(enum.Values().Get(0).Name()), "UNSPECIFIED")
	if enum.Values().ByName(protoreflect.Name(prefix+upper)) != nil {
		return prefix + upper
	}
	return upper
}

// ofFile reads the file that @FILE names.
func ofFile(text string) (content []byte, found bool, err error) {
	path, found := strings.CutPrefix(text, "@")
	if !found {
		return nil, false, nil
	}
	content, err = os.ReadFile(path)
	return content, true, err
}

func quote(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		return `""` // a string has always a JSON form
	}
	return string(encoded)
}

// plain is the text of an error of protojson without the marks by which it
// keeps programs from relying on it.
func plain(err error) string {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return strings.TrimSpace(strings.TrimPrefix(text, "proto:"))
}
