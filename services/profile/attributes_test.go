package profile_test

import (
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

func text(s string) *profilev1.AttributeValue {
	return &profilev1.AttributeValue{Value: &profilev1.AttributeValue_StringValue{StringValue: s}}
}

func number(x float64) *profilev1.AttributeValue {
	return &profilev1.AttributeValue{Value: &profilev1.AttributeValue_NumberValue{NumberValue: x}}
}

func with(attributes map[string]*profilev1.AttributeValue) *profilev1.Customer {
	return &profilev1.Customer{Name: "customers/a", Attributes: attributes}
}

func (s *suite) define(t testing.TB, id string, d *profilev1.AttributeDefinition) *profilev1.AttributeDefinition {
	t.Helper()
	made, err := s.attributes.CreateAttributeDefinition(t.Context(), &profilev1.CreateAttributeDefinitionRequest{
		AttributeDefinition: d, AttributeDefinitionId: id, RequestId: "make " + id,
	})
	must(t, err)
	return made
}

func TestAttributes(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		s.create(t, "a", &profilev1.Customer{})
		set := func(attributes map[string]*profilev1.AttributeValue, paths ...string) error {
			_, err := s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
				Customer: with(attributes), UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
			})
			return err
		}
		refused(t, "not defined", set(map[string]*profilev1.AttributeValue{"tier": text("gold")}),
			codes.InvalidArgument, "ATTRIBUTE_UNKNOWN", "customer.attributes.tier")
		tier := s.define(t, "tier", &profilev1.AttributeDefinition{Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, AllowedValues: []string{"gold", "silver"}})
		same(t, "defined again", s.define(t, "tier", &profilev1.AttributeDefinition{Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, AllowedValues: []string{"gold", "silver"}}), tier)
		s.define(t, "height", &profilev1.AttributeDefinition{Type: profilev1.AttributeType_ATTRIBUTE_TYPE_NUMBER, Unit: "cm", Min: proto.Float64(30), Max: proto.Float64(280)})
		s.define(t, "plate", &profilev1.AttributeDefinition{Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, Pattern: "[A-Z]{2}[0-9]+"})
		s.define(t, "health", &profilev1.AttributeDefinition{Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, Sensitivity: apiv1.Sensitivity_SENSITIVITY_SENSITIVE})
		must(t, set(map[string]*profilev1.AttributeValue{"tier": text("gold"), "height": number(172.5), "plate": text("AB12")}))
		for what, c := range map[string]struct {
			value        *profilev1.AttributeValue
			name, reason string
			code         codes.Code
		}{
			"not allowed": {text("bronze"), "tier", "ATTRIBUTE_VALUE_REFUSED", codes.InvalidArgument},
			"of a type":   {number(1), "tier", "ATTRIBUTE_TYPE_MISMATCH", codes.InvalidArgument},
			"too large":   {number(281), "height", "ATTRIBUTE_VALUE_REFUSED", codes.InvalidArgument},
			"no match":    {text("AB12x"), "plate", "ATTRIBUTE_VALUE_REFUSED", codes.InvalidArgument},
			"sensitive":   {text("asthma"), "health", "SENSITIVE_NEEDS_CONSENT", codes.FailedPrecondition},
		} {
			refused(t, what, set(map[string]*profilev1.AttributeValue{c.name: c.value}), c.code, c.reason, "customer.attributes."+c.name)
		}
		must(t, set(nil, "attributes.plate"))
		got, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/a"})
		must(t, err)
		if len(got.GetAttributes()) != 2 || got.GetAttributes()["height"].GetNumberValue() != 172.5 {
			t.Errorf("attributes: %v", got.GetAttributes())
		}
		refused(t, "no name", set(nil, "attributes.Not-One"), codes.InvalidArgument, "INVALID_FIELD", "update_mask")
	})
}

// A definition judges what is written from now on, and its type stays.
func TestDefinitionsChange(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "a", &profilev1.Customer{})
	d := s.define(t, "tier", &profilev1.AttributeDefinition{Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, AllowedValues: []string{"gold", "silver"}})
	s.update(t, with(map[string]*profilev1.AttributeValue{"tier": text("gold")}))
	d.AllowedValues = []string{"silver"}
	d, err := s.attributes.UpdateAttributeDefinition(t.Context(), &profilev1.UpdateAttributeDefinitionRequest{AttributeDefinition: d})
	must(t, err)
	s.update(t, &profilev1.Customer{Name: "customers/a", City: "x"}) // what is there stays
	_, err = s.customers.CreateCustomer(t.Context(), &profilev1.CreateCustomerRequest{
		CustomerId: "b", Customer: &profilev1.Customer{Attributes: map[string]*profilev1.AttributeValue{"tier": text("gold")}},
	})
	refused(t, "no more", err, codes.InvalidArgument, "ATTRIBUTE_VALUE_REFUSED", "customer.attributes.tier")
	for what, c := range map[string]struct {
		change func(*profilev1.AttributeDefinition)
		code   codes.Code
		reason string
		field  string
	}{
		"type":    {func(d *profilev1.AttributeDefinition) { d.Type = profilev1.AttributeType_ATTRIBUTE_TYPE_BOOL }, codes.FailedPrecondition, "ATTRIBUTE_TYPE_FIXED", ""},
		"pattern": {func(d *profilev1.AttributeDefinition) { d.Pattern = "(" }, codes.InvalidArgument, "INVALID_FIELD", "attribute_definition.pattern"},
		"min":     {func(d *profilev1.AttributeDefinition) { d.Min = proto.Float64(1) }, codes.InvalidArgument, "INVALID_FIELD", "attribute_definition.min"},
		"purpose": {func(d *profilev1.AttributeDefinition) { d.Purpose = "purposes/none" }, codes.NotFound, "PURPOSE_NOT_FOUND", ""},
		"etag":    {func(d *profilev1.AttributeDefinition) { d.Etag, d.Unit = `"99"`, "" }, codes.Aborted, "ETAG_MISMATCH", ""},
	} {
		changed := proto.Clone(d).(*profilev1.AttributeDefinition)
		c.change(changed)
		_, err := s.attributes.UpdateAttributeDefinition(t.Context(), &profilev1.UpdateAttributeDefinitionRequest{AttributeDefinition: changed})
		refused(t, what, err, c.code, c.reason, c.field)
	}
}

func TestDeletingADefinitionRemovesItsValues(t *testing.T) {
	s := serve(t, onPebble(t))
	s.define(t, "tier", &profilev1.AttributeDefinition{Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING})
	s.create(t, "a", with(map[string]*profilev1.AttributeValue{"tier": text("gold")}))
	op, err := s.attributes.DeleteAttributeDefinition(t.Context(), &profilev1.DeleteAttributeDefinitionRequest{Name: "attributeDefinitions/tier"})
	must(t, err)
	for !op.GetDone() {
		op, err = s.done.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(30 * time.Second)})
		must(t, err)
	}
	if op.GetError() != nil {
		t.Fatal(op.GetError())
	}
	got, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/a"})
	must(t, err)
	if len(got.GetAttributes()) != 0 {
		t.Errorf("kept %v", got.GetAttributes())
	}
	_, err = s.attributes.GetAttributeDefinition(t.Context(), &profilev1.GetAttributeDefinitionRequest{Name: "attributeDefinitions/tier"})
	refused(t, "deleted", err, codes.NotFound, "ATTRIBUTE_DEFINITION_NOT_FOUND", "")
}
