package strictjson

import (
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// wanted says for the messages with a JSON form of their own what that is.
var wanted = map[protoreflect.FullName]string{
	"google.protobuf.Any":         `must be an object with "@type"`,
	"google.protobuf.Timestamp":   `must be a time in RFC 3339, e.g. "2024-05-01T08:00:00Z"`,
	"google.protobuf.Duration":    `must be a number of seconds followed by s, e.g. "1.5s"`,
	"google.protobuf.FieldMask":   `must be names of fields joined by commas, e.g. "displayName,city"`,
	"google.protobuf.Struct":      "must be an object",
	"google.protobuf.ListValue":   "must be a list",
	"google.protobuf.Value":       "must be a JSON value",
	"google.protobuf.Empty":       "must be an empty object",
	"google.protobuf.BoolValue":   "must be true or false",
	"google.protobuf.StringValue": "must be a string",
	"google.protobuf.BytesValue":  "must be base64",
	"google.protobuf.DoubleValue": "must be a number",
	"google.protobuf.FloatValue":  "must be a number",
	"google.protobuf.Int32Value":  "must be a whole number",
	"google.protobuf.Int64Value":  "must be a whole number",
	"google.protobuf.UInt32Value": "must be a whole number of at least 0",
	"google.protobuf.UInt64Value": "must be a whole number of at least 0",
}

func isWellKnown(message protoreflect.MessageDescriptor) bool {
	return wanted[message.FullName()] != ""
}

// takesNull tells the fields for which null is a value, and not their absence.
func takesNull(field protoreflect.FieldDescriptor) bool {
	if field.IsList() || field.IsMap() {
		return false
	}
	return field.Message() != nil && field.Message().FullName() == "google.protobuf.Value" ||
		field.Enum() != nil && field.Enum().FullName() == "google.protobuf.NullValue"
}

// wellKnown has protojson read a value whose JSON form is its own.
func (c *checker) wellKnown(at *place, message protoreflect.MessageDescriptor) error {
	begin := c.at
	if err := c.anything(at); err != nil {
		return err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(message.FullName())
	if err == nil {
		err = protojson.Unmarshal(c.text[begin:c.at], kind.New().Interface())
	}
	if err != nil {
		return at.refuse("INVALID_FIELD", "%s", wanted[message.FullName()])
	}
	return nil
}
