package handler

import (
	"strings"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// ofAttributes is what the path of one attribute begins with.
const ofAttributes = "attributes."

// mask is the fields an update changes, and single attributes by their names.
type mask struct {
	fields     *fieldmaskpb.FieldMask
	attributes []string
}

// customerMask reads an update mask: nothing means the fields that are set, and
// of the attributes those given; "*" all.
func customerMask(given *fieldmaskpb.FieldMask, c *profilev1.Customer) (mask, error) {
	m := mask{fields: &fieldmaskpb.FieldMask{}}
	switch {
	case len(given.GetPaths()) == 0:
		c.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if name := string(field.Name()); name != "attributes" && domain.FieldNamed(name) != nil {
				m.fields.Paths = append(m.fields.Paths, name)
			}
			return true
		})
		for name := range c.GetAttributes() {
			m.attributes = append(m.attributes, name)
		}
		return m, nil
	case fieldmask.IsFullReplacement(given):
		for i := range domain.Fields {
			m.fields.Paths = append(m.fields.Paths, domain.Fields[i].Name)
		}
		return m, nil
	}
	for _, path := range given.GetPaths() {
		if name, one := strings.CutPrefix(path, ofAttributes); one {
			if !domain.AttributeName(name) {
				return mask{}, fault.Invalid("update_mask", "must name an attribute behind %q, not %.80q", ofAttributes, name)
			}
			m.attributes = append(m.attributes, name)
			continue
		}
		if err := checkPath(path, c); err != nil {
			return mask{}, err
		}
		m.fields.Paths = append(m.fields.Paths, path)
	}
	return m, nil
}

func checkPath(path string, c *profilev1.Customer) error {
	if err := fieldmask.Validate(&fieldmaskpb.FieldMask{Paths: []string{path}}, c); err != nil || path == fieldmask.WildcardPath {
		return fault.Invalid("update_mask", "names a field that a customer does not have, or * beside others: %.80q", path)
	}
	top, nested, _ := strings.Cut(path, ".")
	if domain.FieldNamed(top) == nil {
		return fault.Invalid("update_mask", "must not name %q, which cannot be changed", top)
	}
	if nested != "" && c.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(top)).IsList() {
		return fault.Invalid("update_mask", "must name %s as a whole, not %.80q", top, path)
	}
	return nil
}

// apply copies the fields of the mask to c.
func (m mask) apply(c *domain.Customer, from *profilev1.Customer) error {
	if len(m.fields.GetPaths()) == 0 && len(m.attributes) == 0 {
		return nil
	}
	current := customerProto(c)
	if len(m.fields.GetPaths()) > 0 {
		// Update fills in messages that are missing on both sides: not in the request.
		fieldmask.Update(m.fields, current, proto.Clone(from))
	}
	for _, name := range m.attributes {
		if value, given := from.GetAttributes()[name]; !given {
			delete(current.Attributes, name)
		} else {
			if current.Attributes == nil {
				current.Attributes = map[string]*profilev1.AttributeValue{}
			}
			current.Attributes[name] = value
		}
	}
	content, err := customerContent(current)
	if err != nil {
		return err
	}
	c.Details = content.Details
	return nil
}
