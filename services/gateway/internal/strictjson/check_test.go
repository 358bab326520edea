package strictjson_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/strictjson"
)

// messages have every kind of field between them: maps, oneofs, floats, wrappers
// of time, groups of none.
var messages = []proto.Message{
	&profilev1.Customer{},
	&profilev1.BatchRecordOrdersRequest{},
	&profilev1.AppendImportRequest{},
	&segmentationv1.Segment{},
	&valuationv1.ValuationSummary{},
	&validate.FieldRules{},
	&structpb.Struct{},
}

func check(text string, message proto.Message) error {
	_, err := strictjson.Check([]byte(text), message.ProtoReflect().Descriptor(), "")
	return err
}

// What is taken, protojson takes as well: nothing is left for it to refuse with
// an error that names no field.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{
		`{}`, ` {"displayName" : "a\u00e9\ud83d\ude00" } `, `{"kind":1,"identifiers":[{"type":"IDENTIFIER_TYPE_EMAIL"}]}`,
		`{"orders":[{"orderTime":"2024-02-29T23:59:59.999+08:00","amount":{"minorUnits":"-0","currencyCode":"CNY"}}],"validateOnly":true}`,
		`{"offset":9007199254740992,"data":"_-8=","last":false}`, `{"data":"\r\n"}`, `{"data":"ab=="}`, `{"data":"ab="}`, `{"data":"-/8="}`,
		`{"rule":{},"rfm":null}`, `{"rfmCells":{"555":"1","5\u00355":2}}`, `{"repeatRate":1e400}`, `{"repeatRate":"1.5"}`, `{"repeatRate":" 1"}`,
		`{"float":{"const":3.5e38},"cel":[]}`, `{"int32":{"in":[1,"2",-3]},"required":null}`, `{"uint64":{"lt":"-0"}}`, `{"timestamp":{"const":""}}`,
		`{"duration":{"within":"1s","gt":"315576000001s"}}`, `{"a":{"b":[null,1e5,{"c":"\u0000"}]}}`, `{"[buf.validate.field]":{}}`,
		`{"bytes":{"const":"YQ"}}`, `{"ignore":"IGNORE_ALWAYS"}`, `{"ignore":2147483648}`, `{"birthDate":{"year":1,"year":2}}`, `[]`, `{"":1}`,
		"{\"city\":\"\xff\"}", `{"city":"\ud800"}`, `{"city":"\ude00\ud83d"}`, `{"generation":-9223372036854775808}`, `{"policy":{"rfmTies":1.0}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, message := range messages {
			err := check(text, message)
			if err == nil {
				if err := protojson.Unmarshal([]byte(text), proto.Clone(message)); err != nil {
					t.Errorf("%s is taken as %T, and protojson says %v", text, message, err)
				}
				continue
			}
			if refused, ok := fault.As(err); !ok || refused.Kind != fault.InvalidArgument || len(refused.Violations) != 1 || refused.Violations[0].Field == "" {
				t.Errorf("%s: the error names no field: %v", text, err)
			}
		}
	})
}

// What protojson writes is taken, whatever is in it.
func TestTakesWhatProtojsonWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		message := proto.Clone(rapid.SampledFrom(messages[:5]).Draw(t, "type"))
		fill(t, message.ProtoReflect(), 3)
		options := protojson.MarshalOptions{
			UseProtoNames:   rapid.Bool().Draw(t, "snake"),
			UseEnumNumbers:  rapid.Bool().Draw(t, "numbers"),
			EmitUnpopulated: rapid.Bool().Draw(t, "zeros"),
			Multiline:       rapid.Bool().Draw(t, "lines"),
		}
		text, err := options.Marshal(message)
		if err != nil {
			t.Skip("no JSON form") // e.g. a time out of range
		}
		if err := check(string(text), message); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	})
}

// fill sets fields at random.
func fill(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !rapid.Bool().Draw(t, "set") || field.Message() != nil && depth == 0 {
			continue
		}
		switch {
		case field.IsMap():
			for range rapid.IntRange(0, 3).Draw(t, "entries") {
				entries := m.Mutable(field).Map()
				key := value(t, field.MapKey(), m, depth).MapKey()
				if field.MapValue().Message() != nil {
					fill(t, entries.Mutable(key).Message(), depth-1)
				} else {
					entries.Set(key, value(t, field.MapValue(), m, depth))
				}
			}
		case field.IsList():
			for range rapid.IntRange(0, 3).Draw(t, "elements") {
				if field.Message() != nil {
					fill(t, m.Mutable(field).List().AppendMutable().Message(), depth-1)
				} else {
					m.Mutable(field).List().Append(value(t, field, m, depth))
				}
			}
		default:
			m.Set(field, value(t, field, m, depth))
		}
	}
}

func value(t *rapid.T, field protoreflect.FieldDescriptor, m protoreflect.Message, depth int) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.MessageKind:
		v := m.NewField(field)
		if field.Message().FullName() == "google.protobuf.Timestamp" {
			v.Message().Set(field.Message().Fields().ByName("seconds"), protoreflect.ValueOfInt64(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds")))
			v.Message().Set(field.Message().Fields().ByName("nanos"), protoreflect.ValueOfInt32(rapid.Int32Range(0, 999_999_999).Draw(t, "nanos")))
			return v
		}
		fill(t, v.Message(), depth-1)
		return v
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(field.Enum().Values().Get(rapid.IntRange(0, field.Enum().Values().Len()-1).Draw(t, "enum")).Number())
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(strings.ReplaceAll(strings.ToValidUTF8(rapid.String().Draw(t, "string"), "?"), "\x00", ""))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "double"))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, "uint32"))
	default:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	}
}

// What is said to be refused beyond protojson is.
func TestStricterThanProtojson(t *testing.T) {
	for text, message := range map[string]proto.Message{
		`{"offset":1.0}`:                    &profilev1.AppendImportRequest{},
		`{"offset":1e2}`:                    &profilev1.AppendImportRequest{},
		`{"offset":9007199254740993}`:       &profilev1.AppendImportRequest{},
		`{"data":"YWJj\n\n\n\n"}`:           &profilev1.AppendImportRequest{},
		`{"kind":99}`:                       &profilev1.Customer{},
		`{"city":"\u0000"}`:                 &profilev1.Customer{},
		`{"repeatRate":"NaN"}`:              &valuationv1.ValuationSummary{},
		`{"repeatRate":"-Infinity"}`:        &valuationv1.ValuationSummary{},
		`{"a":` + nest(strictjson.MaxDepth): &structpb.Struct{},
	} {
		if err := protojson.Unmarshal([]byte(text), proto.Clone(message)); err != nil {
			t.Errorf("%.40s: protojson refuses it too: %v", text, err)
		}
		if check(text, message) == nil {
			t.Errorf("%.40s is taken", text)
		}
	}
	if err := check(`{"a":`+nest(strictjson.MaxDepth-1), &structpb.Struct{}); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
}

// nest ends an object in lists that are nested so deep.
func nest(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}"
}

func TestFound(t *testing.T) {
	_, bad := strictjson.Check([]byte(`{"city":"a","etag":"\"1\u0022","display_name":null,"name":7.5,"region":"x"}`),
		(&profilev1.Customer{}).ProtoReflect().Descriptor(), "customer", "etag", "name")
	if f, _ := fault.As(bad); f == nil || f.Violations[0].Field != "customer.name" {
		t.Errorf("got %v", bad)
	}
	found, err := strictjson.Check([]byte(`{"city":"a","etag":"\"1\u0022","display_name":null,"birthDate":{"year":1}}`),
		(&profilev1.Customer{}).ProtoReflect().Descriptor(), "customer", "etag", "name")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(found.Fields, found.Strings); got != `[city etag display_name birth_date] map[etag:"1"]` {
		t.Errorf("got %s", got)
	}
}

// A mistake in the text is told with its line and column.
func TestPosition(t *testing.T) {
	err := check("{\n  \"city\": \"a\",\n  \"region\" \"b\"\n}", &profilev1.Customer{})
	if err == nil || !strings.Contains(err.Error(), "line 3, column 12") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkCheck(b *testing.B) {
	order := map[string]any{
		"name": "customers/1/orders/2", "orderTime": "2024-05-01T08:00:00Z", "channel": "tmall",
		"amount": map[string]any{"minorUnits": "2933", "currencyCode": "CNY"},
	}
	request := map[string]any{"orders": []any{}}
	for range 1000 {
		request["orders"] = append(request["orders"].([]any), order)
	}
	text, err := json.Marshal(request)
	if err != nil {
		b.Fatal(err)
	}
	message := &profilev1.BatchRecordOrdersRequest{}
	b.Run("check", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := strictjson.Check(text, message.ProtoReflect().Descriptor(), ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("protojson", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if err := protojson.Unmarshal(text, &profilev1.BatchRecordOrdersRequest{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
