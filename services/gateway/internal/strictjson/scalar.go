package strictjson

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxExact is the largest whole number up to which a double has no gaps.
const maxExact = 1 << 53

func (c *checker) boolean(at *place) error {
	switch c.peek() {
	case 't':
		return c.literal(at, "true")
	case 'f':
		return c.literal(at, "false")
	}
	return c.mismatch(at, "must be true or false")
}

// integer checks a whole number, which may be written as a string.
func (c *checker) integer(at *place, kind protoreflect.Kind) error {
	text, quoted, err := c.numeral(at, "must be a whole number")
	if err != nil {
		return err
	}
	if !isWhole(text) {
		return at.refuse("INVALID_FIELD", "must be a whole number, written in digits only")
	}
	low, high, bits := "-9223372036854775808", "9223372036854775807", 64
	switch kind {
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		low, high = "0", "18446744073709551615"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		low, high, bits = "0", "4294967295", 32
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		low, high, bits = "-2147483648", "2147483647", 32
	}
	var size uint64
	if low == "0" {
		size, err = strconv.ParseUint(text, 10, bits)
	} else {
		var value int64
		value, err = strconv.ParseInt(text, 10, bits)
		size = uint64(max(value, -value))
	}
	if err != nil {
		return at.refuse("INVALID_FIELD", "must be between %s and %s", low, high)
	}
	if bits == 64 && !quoted && size > maxExact {
		return at.refuse("IMPRECISE_NUMBER", "must be written as a string, for numbers beyond 2^53 lose digits in many languages")
	}
	return nil
}

// isWhole tells whether text is a JSON number without fraction and exponent.
func isWhole(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || len(digits) > 1 && digits[0] == '0' {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}

func (c *checker) float(at *place, bits int) error {
	text, quoted, err := c.numeral(at, "must be a number")
	if err != nil {
		return err
	}
	if quoted {
		inner := checker{text: []byte(text)}
		if _, err := inner.number(at); err != nil || inner.at != len(text) {
			return at.refuse("INVALID_FIELD", "must be a finite number")
		}
	}
	if _, err := strconv.ParseFloat(text, bits); err != nil {
		return at.refuse("INVALID_FIELD", "is too large a number")
	}
	return nil
}

// numeral consumes a number, or a string that should hold one.
func (c *checker) numeral(at *place, wanted string) (text string, quoted bool, err error) {
	switch b := c.peek(); {
	case b == '"':
		text, err = c.stringValue(at)
		return text, true, err
	case b == '-' || isDigit(b):
		text, err = c.number(at)
		return text, false, err
	case b == 'N' || b == 'I': // NaN and Infinity as other writers of JSON have them
		return "", false, at.refuse("INVALID_FIELD", "must be a finite number")
	}
	return "", false, c.mismatch(at, "%s", wanted)
}

// enum checks the name or the number of a value.
func (c *checker) enum(at *place, enum protoreflect.EnumDescriptor) error {
	if enum.FullName() == "google.protobuf.NullValue" && c.peek() == 'n' {
		return c.literal(at, "null")
	}
	if b := c.peek(); b != '"' && b != '-' && !isDigit(b) {
		return c.mismatch(at, "must be one of %s", namesOf(enum))
	}
	text, quoted, err := c.numeral(at, "")
	if err != nil {
		return err
	}
	if quoted {
		if enum.Values().ByName(protoreflect.Name(text)) != nil {
			return nil
		}
	} else if n, err := strconv.ParseInt(text, 10, 32); err == nil && isWhole(text) && enum.Values().ByNumber(protoreflect.EnumNumber(n)) != nil {
		return nil
	}
	return at.refuse("INVALID_FIELD", "must be one of %s", namesOf(enum))
}

func namesOf(enum protoreflect.EnumDescriptor) string {
	var names []string
	for i := range enum.Values().Len() {
		names = append(names, string(enum.Values().Get(i).Name()))
	}
	return strings.Join(names, ", ")
}

// bytes checks base64 in the standard or the URL alphabet, padded or not.
func (c *checker) bytes(at *place) error {
	if c.peek() != '"' {
		return c.mismatch(at, "must be a string of base64")
	}
	text, err := c.stringValue(at)
	if err != nil {
		return err
	}
	if !isBase64(text) {
		return at.refuse("INVALID_FIELD", "must be base64")
	}
	return nil
}

func isBase64(text string) bool {
	digits := text
	if len(text)%4 == 0 {
		digits = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	}
	if len(digits)%4 == 1 {
		return false
	}
	standard, url := false, false
	for _, b := range []byte(digits) {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', isDigit(b):
		case b == '+' || b == '/':
			standard = true
		case b == '-' || b == '_':
			url = true
		default:
			return false
		}
	}
	return !standard || !url
}

var errMapKey = errors.New("no map key")

// mapKey is the value of a key of a map, so that two spellings of one are found.
func mapKey(field protoreflect.FieldDescriptor, key string) (any, bool) {
	var value any
	err := errMapKey
	switch kind := field.Kind(); {
	case kind == protoreflect.StringKind:
		return key, true
	case kind == protoreflect.BoolKind:
		return key, slices.Contains([]string{"true", "false"}, key)
	case !isWhole(key):
	case kind == protoreflect.Int32Kind, kind == protoreflect.Sint32Kind, kind == protoreflect.Sfixed32Kind:
		value, err = strconv.ParseInt(key, 10, 32)
	case kind == protoreflect.Int64Kind, kind == protoreflect.Sint64Kind, kind == protoreflect.Sfixed64Kind:
		value, err = strconv.ParseInt(key, 10, 64)
	case kind == protoreflect.Uint32Kind, kind == protoreflect.Fixed32Kind:
		value, err = strconv.ParseUint(key, 10, 32)
	default:
		value, err = strconv.ParseUint(key, 10, 64)
	}
	return value, err == nil
}
