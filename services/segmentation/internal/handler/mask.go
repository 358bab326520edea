package handler

import (
	"slices"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// The fields of a segment that an update can change.
var changeable = []string{"display_name", "description", "rule", "rule.expression", "rfm", "rfm.groups", "rfm.cells"}

// mask is the fields an update changes, all of changeable.
type mask []string

// segmentMask reads an update mask: nothing means the fields that are set, "*" all.
func segmentMask(given *fieldmaskpb.FieldMask, s *segmentationv1.Segment) (mask, error) {
	if len(given.GetPaths()) == 0 {
		return fieldsSet(s), nil
	}
	if err := fieldmask.Validate(given, s); err != nil {
		return nil, fault.Invalid("update_mask", "names a field that a segment does not have: %v", err)
	}
	if fieldmask.IsFullReplacement(given) {
		return mask{"display_name", "description", "rule", "rfm"}, nil
	}
	for _, path := range given.GetPaths() {
		if !slices.Contains(changeable, path) {
			return nil, fault.Invalid("update_mask", "must not name %q, which cannot be changed", path)
		}
	}
	return given.GetPaths(), nil
}

func fieldsSet(s *segmentationv1.Segment) mask {
	var paths mask
	if s.GetDisplayName() != "" {
		paths = append(paths, "display_name")
	}
	if s.GetDescription() != "" {
		paths = append(paths, "description")
	}
	if s.GetDefinition() != nil {
		paths = append(paths, "rule", "rfm")
	}
	return paths
}

func (m mask) has(paths ...string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return slices.Contains(m, p) })
}

// apply copies the fields of the mask to s. The definition is one field in two
// forms: of those that the mask names, the one that is set replaces whichever
// there was.
func (m mask) apply(s *domain.Segment, from *segmentationv1.Segment) error {
	if m.has("display_name") {
		s.DisplayName = from.GetDisplayName()
	}
	if m.has("description") {
		s.Description = from.GetDescription()
	}
	if !m.has("rule", "rule.expression", "rfm", "rfm.groups", "rfm.cells") {
		return nil
	}
	given := definitionOf(from)
	switch {
	case from.GetRule() != nil && m.has("rule", "rule.expression"), from.GetRfm() != nil && m.has("rfm"):
		s.Definition = given
		return nil
	case from.GetRfm() == nil || !m.has("rfm.groups", "rfm.cells"):
		return fault.Invalid("definition", "must be set to what update_mask names: rule or rfm")
	}
	changed := domain.RFM{}
	if s.Definition.RFM != nil {
		changed = *s.Definition.RFM
	}
	if m.has("rfm.groups") {
		changed.Groups = given.RFM.Groups
	}
	if m.has("rfm.cells") {
		changed.Cells = given.RFM.Cells
	}
	s.Definition = domain.Definition{RFM: &changed}
	return nil
}
