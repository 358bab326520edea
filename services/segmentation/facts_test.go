package segmentation_test

import (
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

// docs/facts.md has every fact and function, with its type.
func TestFactsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/facts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, fact := range rule.Names() {
		name, kind, _ := strings.Cut(fact, " ")
		if kind == "google.protobuf.Timestamp" {
			kind = "timestamp"
		}
		if row := "| `" + strings.ReplaceAll(name, "(string)", "(currency)") + "` | " + kind + " |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/facts.md has no row %q", row)
		}
	}
}

// What profile calls personal is no fact, but for gender; whoever asks for it is
// told so.
func TestPersonalFieldsAreNoFacts(t *testing.T) {
	c, err := rule.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	fields := (&profilev1.Customer{}).ProtoReflect().Descriptor().Fields()
	checked := 0
	for i := range fields.Len() {
		if field := fields.Get(i); personal(field) && field.Name() != "gender" {
			checked++
			_, err := c.Compile("customer." + string(field.Name()) + ` == ""`)
			if fault.ReasonOf(err) != "RULE_FIELD_NOT_READABLE" {
				t.Errorf("customer.%s: got %v", field.Name(), err)
			}
		}
	}
	if checked < 3 {
		t.Errorf("only %d personal fields were found", checked)
	}
}

// personal tells whether a field, or one within it, is marked as personal.
func personal(field protoreflect.FieldDescriptor) bool {
	options, ok := field.Options().(*descriptorpb.FieldOptions)
	if ok && proto.GetExtension(options, apiv1.E_Sensitivity) != apiv1.Sensitivity_SENSITIVITY_UNSPECIFIED {
		return true
	}
	if field.Message() == nil {
		return false
	}
	for i := range field.Message().Fields().Len() {
		if personal(field.Message().Fields().Get(i)) {
			return true
		}
	}
	return false
}
