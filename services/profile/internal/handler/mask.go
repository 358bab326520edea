package handler

import (
	"slices"
	"strings"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// ofAttributes is what the path of one attribute begins with.
const ofAttributes = "attributes."

// mask is the fields an update changes, and single attributes by their names.
type mask struct {
	fields     *fieldmaskpb.FieldMask
	attributes []string
}

// changeableFields are the fields of a customer that an update can change.
var changeableFields = func() (names []string) {
	for i := range domain.Fields {
		names = append(names, domain.Fields[i].Name)
	}
	return names
}()

// customerMask reads an update mask: nothing means the fields that are set, and
// of the attributes those given; "*" all.
func customerMask(given *fieldmaskpb.FieldMask, c *profilev1.Customer) (m mask, err error) {
	if len(given.GetPaths()) == 0 {
		for name := range c.GetAttributes() {
			m.attributes = append(m.attributes, name)
		}
		without := slices.DeleteFunc(slices.Clone(changeableFields), func(name string) bool { return name == "attributes" })
		m.fields, err = aip.Paths(nil, c, without)
		return m, err
	}
	rest := &fieldmaskpb.FieldMask{}
	for _, path := range given.GetPaths() {
		name, one := strings.CutPrefix(path, ofAttributes)
		switch {
		case !one:
			rest.Paths = append(rest.Paths, path)
		case !domain.AttributeName(name):
			return mask{}, fault.Invalid("update_mask", "must name an attribute behind %q, not %.80q", ofAttributes, name)
		default:
			m.attributes = append(m.attributes, name)
		}
	}
	if len(rest.GetPaths()) == 1 && len(m.attributes) > 0 && fieldmask.IsFullReplacement(rest) {
		return mask{}, fault.Invalid("update_mask", "names * beside others")
	}
	if len(rest.GetPaths()) > 0 {
		m.fields, err = aip.Paths(rest, c, changeableFields)
	}
	return m, err
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
