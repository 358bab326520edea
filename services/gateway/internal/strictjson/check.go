package strictjson

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxDepth is how deeply objects and lists may be nested.
const MaxDepth = 100

// Found is what a text says at its top level.
type Found struct {
	Fields  []string          // proto names of the fields given, in their order
	Strings map[string]string // values of the string fields that were asked for, by proto name
}

// Check holds text against the message type. prefix is the path of the message
// within the request ("customer", or empty for the request itself) and begins
// the paths in errors; strings names string fields of the top level whose values
// are wanted. Every error is a fault of kind InvalidArgument with one violation.
func Check(text []byte, message protoreflect.MessageDescriptor, prefix string, strings ...string) (Found, error) {
	c := &checker{text: text, want: strings}
	root := &place{field: prefix}
	if err := c.encoding(root); err != nil {
		return Found{}, err
	}
	c.space()
	var err error
	switch {
	case c.peek() != '{':
		err = c.mismatch(root, "must be a JSON object")
	case isWellKnown(message):
		err = c.wellKnown(root, message)
	default:
		err = c.message(root, message)
	}
	if err != nil {
		return Found{}, err
	}
	c.space()
	if c.at < len(c.text) {
		return Found{}, c.broken(root, "something follows after the end of the object")
	}
	return c.found, nil
}

// checker walks over a text.
type checker struct {
	text  []byte
	at    int // the next byte
	depth int
	want  []string
	found Found
}

// encoding refuses what is not plain UTF-8.
func (c *checker) encoding(root *place) error {
	switch {
	case bytes.HasPrefix(c.text, []byte("\xef\xbb\xbf")):
		return root.refuse("NOT_UTF8", "must not begin with a byte order mark")
	case len(c.text) > 1 && (c.text[0] == 0 || c.text[1] == 0) || !utf8.Valid(c.text):
		return root.refuse("NOT_UTF8", "must be UTF-8")
	}
	return nil
}

// message checks an object of the type, beginning at its brace.
func (c *checker) message(at *place, message protoreflect.MessageDescriptor) error {
	fields := message.Fields()
	seen := make([]bool, fields.Len())
	oneofs := make([]protoreflect.FieldDescriptor, message.Oneofs().Len())
	return c.object(at, func(key string) error {
		field := fields.ByJSONName(key)
		if field == nil {
			field = fields.ByName(protoreflect.Name(key))
		}
		here := &place{parent: at, field: key}
		if field == nil {
			return here.refuse("UNKNOWN_FIELD", "there is no such field")
		}
		here.field = string(field.Name())
		if seen[field.Index()] {
			return here.refuse("DUPLICATE_FIELD", "is given twice (%s and %s are the same field)", field.JSONName(), field.Name())
		}
		seen[field.Index()] = true
		if at.parent == nil {
			c.note(field)
		}
		if c.peek() == 'n' && !takesNull(field) {
			return c.literal(here, "null")
		}
		if group := field.ContainingOneof(); group != nil && !group.IsSynthetic() {
			if other := oneofs[group.Index()]; other != nil {
				return here.refuse("INVALID_FIELD", "must not be given together with %s", other.Name())
			}
			oneofs[group.Index()] = field
		}
		return c.field(here, field)
	})
}

// note remembers a field of the top level.
func (c *checker) note(field protoreflect.FieldDescriptor) {
	name := string(field.Name())
	c.found.Fields = append(c.found.Fields, name)
	if field.Kind() != protoreflect.StringKind || field.IsList() || c.peek() != '"' || !slices.Contains(c.want, name) {
		return
	}
	ahead := *c // the value itself is checked when its turn comes
	if text, err := ahead.stringValue(&place{}); err == nil {
		if c.found.Strings == nil {
			c.found.Strings = make(map[string]string, len(c.want))
		}
		c.found.Strings[name] = text
	}
}

// field checks the value of a field, whole lists and maps included.
func (c *checker) field(at *place, field protoreflect.FieldDescriptor) error {
	switch {
	case field.IsMap():
		if c.peek() != '{' {
			return c.mismatch(at, "must be an object")
		}
		return c.mapValue(at, field)
	case field.IsList():
		if c.peek() != '[' {
			return c.mismatch(at, "must be a list")
		}
		return c.list(at, func(here *place) error { return c.single(here, field) })
	default:
		return c.single(at, field)
	}
}

func (c *checker) mapValue(at *place, field protoreflect.FieldDescriptor) error {
	keys := make(map[any]bool)
	return c.object(at, func(key string) error {
		here := &place{parent: at, field: key}
		value, ok := mapKey(field.MapKey(), key)
		if !ok {
			return here.refuse("INVALID_FIELD", "is no valid key")
		}
		if keys[value] {
			return here.refuse("DUPLICATE_FIELD", "is given twice")
		}
		keys[value] = true
		return c.single(here, field.MapValue())
	})
}

// single checks one value of the field's type.
func (c *checker) single(at *place, field protoreflect.FieldDescriptor) error {
	switch field.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		message := field.Message()
		if isWellKnown(message) {
			return c.wellKnown(at, message)
		}
		if c.peek() != '{' {
			return c.mismatch(at, "must be an object")
		}
		return c.message(at, message)
	case protoreflect.EnumKind:
		return c.enum(at, field.Enum())
	case protoreflect.BoolKind:
		return c.boolean(at)
	case protoreflect.StringKind:
		if c.peek() != '"' {
			return c.mismatch(at, "must be a string")
		}
		_, err := c.stringValue(at)
		return err
	case protoreflect.BytesKind:
		return c.bytes(at)
	case protoreflect.FloatKind:
		return c.float(at, 32)
	case protoreflect.DoubleKind:
		return c.float(at, 64)
	default:
		return c.integer(at, field.Kind())
	}
}

// Text checks that text is one JSON value in UTF-8, and looks into nothing else:
// what stands in strings, and keys that are given twice, are for who reads it.
func Text(text []byte) error {
	c := &checker{text: text}
	root := &place{field: "body"}
	if err := c.encoding(root); err != nil {
		return err
	}
	if !json.Valid(text) {
		return c.broken(root, "it is not one whole JSON value")
	}
	return nil
}

// Object checks that text is one JSON object, in which no key is given twice and
// no string holds U+0000 or half of a surrogate pair.
func Object(text []byte) error {
	c := &checker{text: text}
	root := &place{field: "message"}
	if err := c.encoding(root); err != nil {
		return err
	}
	c.space()
	if c.peek() != '{' {
		return c.mismatch(root, "must be a JSON object")
	}
	if err := c.anything(root); err != nil {
		return err
	}
	c.space()
	if c.at < len(c.text) {
		return c.broken(root, "something follows after the end of the object")
	}
	return nil
}
