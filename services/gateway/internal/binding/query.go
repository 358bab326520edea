package binding

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Query reads a query string and holds it against the request's type: every
// parameter is a field that can be given there, none twice, each of its field's
// type. It returns the parameters by their proto names. The errors are faults of
// kind InvalidArgument that name the parameter.
func (b *Binding) Query(text string) (url.Values, error) {
	given, err := url.ParseQuery(text)
	if err != nil {
		f := fault.Invalid("query", "is no valid query string: %v", err)
		f.Reason = "MALFORMED_QUERY"
		return nil, f
	}
	query := make(url.Values, len(given))
	for name, values := range given {
		field, path, err := b.parameter(name)
		if err != nil {
			return nil, err
		}
		if len(query[path]) > 0 || len(values) > 1 && !field.IsList() {
			f := fault.Invalid(path, "is given more than once in the query")
			f.Reason = "DUPLICATE_FIELD"
			return nil, f
		}
		for _, value := range values {
			if wanted := wrong(field, value); wanted != "" {
				return nil, fault.Invalid(path, "%s", wanted)
			}
			if isMask(field) {
				value = protoPaths(value)
			}
			query.Add(path, value)
		}
	}
	return query, nil
}

// parameter is the field that a parameter names, in either spelling, and its
// path in proto names.
func (b *Binding) parameter(name string) (protoreflect.FieldDescriptor, string, error) {
	unknown := func(why string) error {
		shown := strconv.QuoteToASCII(name)
		f := fault.Invalid(shown[1:len(shown)-1], "%s", why)
		f.Reason = "UNKNOWN_PARAMETER"
		return f
	}
	message := b.input
	var field protoreflect.FieldDescriptor
	var path []string
	for part := range strings.SplitSeq(name, ".") {
		if message == nil {
			return nil, "", unknown("there is no such query parameter")
		}
		field = message.Fields().ByJSONName(part)
		if field == nil {
			field = message.Fields().ByName(protoreflect.Name(part))
		}
		if field == nil {
			return nil, "", unknown("there is no such query parameter")
		}
		path = append(path, string(field.Name()))
		message = nil
		if !field.IsList() && !field.IsMap() {
			message = field.Message()
		}
	}
	full := strings.Join(path, ".")
	switch {
	case b.captured[full]:
		return nil, "", unknown("belongs into the path, not into the query")
	case b.Body != nil && (b.BodyField == "" || path[0] == b.BodyField):
		return nil, "", unknown("belongs into the body, not into the query")
	case field.IsMap() || field.Message() != nil && !hasTextForm(field):
		return nil, "", unknown("there is no such query parameter")
	}
	return field, full, nil
}

func hasTextForm(field protoreflect.FieldDescriptor) bool {
	switch field.Message().FullName() {
	case "google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask":
		return true
	}
	return false
}

func isMask(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && field.Message().FullName() == "google.protobuf.FieldMask"
}

// protoPaths turns the paths of a mask into proto names: "displayName,birthDate.year"
// into "display_name,birth_date.year".
func protoPaths(mask string) string {
	var paths strings.Builder
	for _, r := range mask {
		if unicode.IsUpper(r) && r < utf8.RuneSelf {
			paths.WriteByte('_')
			r = unicode.ToLower(r)
		}
		paths.WriteRune(r)
	}
	return paths.String()
}

// wrong says what a value should be; empty where it is that.
func wrong(field protoreflect.FieldDescriptor, value string) string {
	if !utf8.ValidString(value) {
		return "must be UTF-8"
	}
	if strings.ContainsRune(value, 0) {
		return "must not contain the character U+0000"
	}
	switch kind := field.Kind(); kind {
	case protoreflect.StringKind:
		return ""
	case protoreflect.BoolKind:
		return unless(slices.Contains([]string{"true", "false"}, value), "must be true or false")
	case protoreflect.EnumKind:
		return wrongEnum(field.Enum(), value)
	case protoreflect.MessageKind:
		return wrongMessage(field.Message(), value)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		_, err := strconv.ParseInt(value, 10, 32)
		return unless(err == nil, "must be a whole number between -2147483648 and 2147483647")
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		_, err := strconv.ParseInt(value, 10, 64)
		return unless(err == nil, "must be a whole number between -9223372036854775808 and 9223372036854775807")
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		_, err := strconv.ParseUint(value, 10, 32)
		return unless(err == nil, "must be a whole number between 0 and 4294967295")
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		_, err := strconv.ParseUint(value, 10, 64)
		return unless(err == nil, "must be a whole number between 0 and 18446744073709551615")
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		number, err := strconv.ParseFloat(value, 64)
		return unless(err == nil && !math.IsInf(number, 0) && !math.IsNaN(number), "must be a finite number")
	default:
		return "cannot be given in the query"
	}
}

func wrongEnum(enum protoreflect.EnumDescriptor, value string) string {
	var names []string
	for i := range enum.Values().Len() {
		names = append(names, string(enum.Values().Get(i).Name()))
	}
	return unless(slices.Contains(names, value), "must be one of "+strings.Join(names, ", "))
}

func wrongMessage(message protoreflect.MessageDescriptor, value string) string {
	switch message.FullName() {
	case "google.protobuf.Timestamp":
		at, err := time.Parse(time.RFC3339Nano, value)
		return unless(err == nil && timestamppb.New(at).IsValid(), `must be a time in RFC 3339, e.g. "2024-05-01T08:00:00Z"`)
	case "google.protobuf.Duration":
		_, err := time.ParseDuration(value)
		return unless(err == nil, `must be a number of seconds followed by s, e.g. "1.5s"`)
	}
	return ""
}

func unless(ok bool, wanted string) string {
	if ok {
		return ""
	}
	return wanted
}
