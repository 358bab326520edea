package handler

import (
	"reflect"
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/domain/domaintest"
)

func TestDetailsComeBackFromTheirMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := domaintest.Details(t)
		got, err := customerContent(detailsProto(&given))
		if err != nil || !got.SameContent(&given) {
			t.Fatalf("%+v\nbecame\n%+v, %v", given, got.Details, err)
		}
	})
}

// Every field of the domain is one of the API with the same words, and every field
// that a caller can set is one of the domain.
func TestStructsAndMessagesAgree(t *testing.T) {
	meta := []protoreflect.Name{"name", "etag", "create_time", "update_time", "merged"}
	agree(t, reflect.TypeFor[domain.Details](), (&profilev1.Customer{}).ProtoReflect().Descriptor(), meta)
}

func agree(t *testing.T, s reflect.Type, m protoreflect.MessageDescriptor, others []protoreflect.Name) {
	t.Helper()
	for i := range s.NumField() {
		name := protoreflect.Name(s.Field(i).Tag.Get("json"))
		field := m.Fields().ByName(name)
		if field == nil {
			t.Errorf("%s has no field %q", m.FullName(), name)
			continue
		}
		others = append(others, name)
		of := s.Field(i).Type
		if of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if words, ok := reflect.Zero(of).Interface().(interface{ Words() []string }); ok {
			var got []string
			for word := range wordsOf(field.Enum()).numbers {
				got = append(got, word)
			}
			if want := append(words.Words(), ""); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
				t.Errorf("%s is of %q, and of %q in the domain", field.FullName(), got, want)
			}
		}
		if of.Kind() == reflect.Struct && of.PkgPath() == s.PkgPath() && !field.IsMap() {
			agree(t, of, field.Message(), nil)
		}
	}
	for i := range m.Fields().Len() {
		if field := m.Fields().Get(i); !slices.Contains(others, field.Name()) {
			t.Errorf("%s is no field of %s", field.FullName(), s)
		}
	}
}
