package handler

import (
	"slices"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// programFields reads an update mask: nothing means the fields that are set, "*" all.
func programFields(mask *fieldmaskpb.FieldMask, p *referralv1.Program) ([]string, error) {
	if len(mask.GetPaths()) == 0 {
		var set []string
		p.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			set = append(set, string(field.Name()))
			return true
		})
		return set, nil // what a caller cannot change is passed over
	}
	if err := fieldmask.Validate(mask, p); err != nil {
		return nil, fault.Invalid("update_mask", "names a field that a programme does not have: %v", err)
	}
	if fieldmask.IsFullReplacement(mask) {
		return domain.ProgramFields, nil
	}
	for _, path := range mask.GetPaths() {
		if !slices.Contains(domain.ProgramFields, path) {
			return nil, fault.Invalid("update_mask", "must not name %q, which cannot be changed", path)
		}
	}
	return mask.GetPaths(), nil
}
