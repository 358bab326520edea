package segmentation_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

// docs/facts.md has every fact, with its type and what it is.
func TestFactsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/facts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts.Fields {
		row := fmt.Sprintf("| `%s` | %s | %s |", f.Name, f.Type, f.DocEn)
		if f.Type == facts.Amounts || f.Type == facts.Purchases { // behind functions
			continue
		}
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/facts.md has no row %q", row)
		}
	}
	for _, call := range rule.Functions() {
		if !strings.Contains(string(page), "| `"+call+"` |") {
			t.Errorf("docs/facts.md has no row of %s", call)
		}
	}
}

// Every example of docs/facts.md is a rule that compiles.
func TestExamplesCompile(t *testing.T) {
	page, err := os.ReadFile("../../docs/facts.md")
	if err != nil {
		t.Fatal(err)
	}
	c, err := rule.NewCompiler([]rule.Attribute{{Name: "tier", Type: facts.Text}, {Name: "joined", Type: facts.Calendar}, {Name: "hobbies", Type: facts.Texts}})
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for i, block := range strings.Split(string(page), "```cel\n") {
		if i == 0 {
			continue
		}
		block, _, _ = strings.Cut(block, "```")
		for _, expression := range strings.Split(strings.TrimSpace(block), "\n") {
			examples++
			if _, err := c.Compile(expression); err != nil {
				t.Errorf("%s: %v", expression, err)
			}
		}
	}
	if examples < 10 {
		t.Errorf("only %d examples were found", examples)
	}
}

// What profile calls sensitive is no fact, and whoever asks for what is personal
// and no fact is told so.
func TestSensitiveFieldsAreNoFacts(t *testing.T) {
	c, err := rule.NewCompiler(nil)
	if err != nil {
		t.Fatal(err)
	}
	fields := (&profilev1.Customer{}).ProtoReflect().Descriptor().Fields()
	refused := 0
	for i := range fields.Len() {
		field := fields.Get(i)
		name := "customer." + string(field.Name())
		if _, isFact := facts.Lookup(name); isFact && !sensitive(field) {
			continue
		}
		if personal(field) {
			refused++
			_, err := c.Compile(name + ` == ""`)
			if reason := fault.ReasonOf(err); reason != "RULE_FIELD_NOT_READABLE" && (reason != "RULE_FACT_UNKNOWN" || sensitive(field)) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	if refused < 10 {
		t.Errorf("only %d fields were found", refused)
	}
}

func sensitive(field protoreflect.FieldDescriptor) bool {
	options, ok := field.Options().(*descriptorpb.FieldOptions)
	return ok && proto.GetExtension(options, apiv1.E_Sensitivity) == apiv1.Sensitivity_SENSITIVITY_SENSITIVE
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
