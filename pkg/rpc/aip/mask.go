package aip

import (
	"slices"
	"strings"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Fields are the fields that an update changes, of those that can be changed:
// all for "*", those that are set for no mask. Fields are changed as a whole.
func Fields(mask *fieldmaskpb.FieldMask, given proto.Message, changeable []string) ([]string, error) {
	paths := mask.GetPaths()
	if len(paths) == 0 {
		var set []string
		given.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if slices.Contains(changeable, string(field.Name())) {
				set = append(set, string(field.Name()))
			}
			return true
		})
		return set, nil
	}
	if slices.Equal(paths, []string{"*"}) {
		return changeable, nil
	}
	for _, path := range paths {
		if slices.Contains(changeable, path) {
			continue
		}
		top, _, nested := strings.Cut(path, ".")
		if nested && slices.Contains(changeable, top) {
			return nil, fault.Invalid("update_mask", "must name %s as a whole, not %q", top, path)
		}
		return nil, fault.Invalid("update_mask", "must name only fields that can be changed (%s), not %q",
			strings.Join(changeable, ", "), path)
	}
	return paths, nil
}

// Paths are the paths that an update changes: those of the fields that are set for
// no mask, all that can be changed for "*". Unlike with Fields a part of a message
// may be named ("amount.minor_units"); lists and maps are changed as a whole.
func Paths(mask *fieldmaskpb.FieldMask, given proto.Message, changeable []string) (*fieldmaskpb.FieldMask, error) {
	if len(mask.GetPaths()) == 0 || fieldmask.IsFullReplacement(mask) {
		fields, err := Fields(mask, given, changeable)
		return &fieldmaskpb.FieldMask{Paths: fields}, err
	}
	for _, path := range mask.GetPaths() {
		if err := fieldmask.Validate(&fieldmaskpb.FieldMask{Paths: []string{path}}, given); err != nil || path == fieldmask.WildcardPath {
			return nil, fault.Invalid("update_mask", "names a field that there is not, or * beside others: %.80q", path)
		}
		top, part, _ := strings.Cut(path, ".")
		if !slices.Contains(changeable, top) {
			return nil, fault.Invalid("update_mask", "must not name %q, which cannot be changed", top)
		}
		if field := given.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(top)); part != "" && (field.IsList() || field.IsMap()) {
			return nil, fault.Invalid("update_mask", "must name %s as a whole, not %.80q", top, path)
		}
	}
	return mask, nil
}

// Take copies fields from one message to another of the same type; a field that
// is not set is cleared.
func Take(to, from proto.Message, fields []string) {
	target, source := to.ProtoReflect(), proto.Clone(from).ProtoReflect()
	for _, name := range fields {
		field := target.Descriptor().Fields().ByName(protoreflect.Name(name))
		if source.Has(field) {
			target.Set(field, source.Get(field))
		} else {
			target.Clear(field)
		}
	}
}

// Only is a copy of a message with just the fields named.
func Only[M proto.Message](given M, fields []string) M {
	kept := given.ProtoReflect().New().Interface().(M)
	Take(kept, given, fields)
	return kept
}
