package handler

import (
	"slices"
	"strings"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// changeable lists the fields of a customer that an update can change.
var changeable = []string{"kind", "display_name", "gender", "birth_date", "region", "city", "identifiers", "acquisition"}

// mask is the fields an update changes.
type mask struct{ fields *fieldmaskpb.FieldMask }

// customerMask reads an update mask: nothing means the fields that are set, "*" all.
func customerMask(given *fieldmaskpb.FieldMask, c *profilev1.Customer) (mask, error) {
	if len(given.GetPaths()) == 0 {
		set := &fieldmaskpb.FieldMask{}
		c.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if slices.Contains(changeable, string(field.Name())) {
				set.Paths = append(set.Paths, string(field.Name()))
			}
			return true
		})
		return mask{set}, nil
	}
	if err := fieldmask.Validate(given, c); err != nil {
		return mask{}, fault.Invalid("update_mask", "names a field that a customer does not have: %v", err)
	}
	if fieldmask.IsFullReplacement(given) {
		return mask{&fieldmaskpb.FieldMask{Paths: changeable}}, nil
	}
	for _, path := range given.GetPaths() {
		top, nested, _ := strings.Cut(path, ".")
		if !slices.Contains(changeable, top) {
			return mask{}, fault.Invalid("update_mask", "must not name %q, which cannot be changed", top)
		}
		if nested != "" && top == "identifiers" {
			return mask{}, fault.Invalid("update_mask", "must name identifiers as a whole, not %q", path)
		}
	}
	return mask{given}, nil
}

// apply copies the fields of the mask to c.
func (m mask) apply(c *domain.Customer, from *profilev1.Customer) error {
	if len(m.fields.GetPaths()) == 0 {
		return nil
	}
	current := customerProto(c)
	// Update fills in messages that are missing on both sides: not in the request.
	fieldmask.Update(m.fields, current, proto.Clone(from))
	content, err := customerContent(current)
	if err != nil {
		return err
	}
	c.Take(&content, nil)
	return nil
}
