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
var changeable = append([]string{"display_name", "description", "labels"}, definitionFields...)

// definitionFields are those of the definition, which is one field in several forms.
var definitionFields = []string{"rule", "rule.expression", "rfm", "rfm.groups", "rfm.cells", "list", "partition", "partition.run", "partition.label"}

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
		return mask{"display_name", "description", "labels", "rule", "rfm", "list", "partition"}, nil
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
	if len(s.GetLabels()) > 0 {
		paths = append(paths, "labels")
	}
	if s.GetDefinition() != nil {
		paths = append(paths, "rule", "rfm", "list", "partition")
	}
	return paths
}

func (m mask) has(paths ...string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return slices.Contains(m, p) })
}

// apply copies the fields of the mask to s. The definition is one field in several
// forms: of those that the mask names, the one that is set replaces whichever there
// was.
func (m mask) apply(s *domain.Segment, from *segmentationv1.Segment) error {
	if m.has("display_name") {
		s.DisplayName = from.GetDisplayName()
	}
	if m.has("description") {
		s.Description = from.GetDescription()
	}
	if m.has("labels") {
		s.Labels = from.GetLabels()
	}
	if !m.has(definitionFields...) {
		return nil
	}
	given := definitionOf(from)
	switch {
	case from.GetRule() != nil && m.has("rule", "rule.expression"), from.GetRfm() != nil && m.has("rfm"),
		from.GetList() != nil && m.has("list"), from.GetPartition() != nil && m.has("partition"):
		s.Definition = given
	case from.GetRfm() != nil && m.has("rfm.groups", "rfm.cells"):
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
	case from.GetPartition() != nil && m.has("partition.run", "partition.label"):
		changed := domain.Partition{}
		if s.Definition.Partition != nil {
			changed = *s.Definition.Partition
		}
		if m.has("partition.run") {
			changed.Run = given.Partition.Run
		}
		if m.has("partition.label") {
			changed.Label = given.Partition.Label
		}
		s.Definition = domain.Definition{Partition: &changed}
	default:
		return fault.Invalid("definition", "must be set to what update_mask names: rule, rfm, list or partition")
	}
	return nil
}
