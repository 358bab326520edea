package handler

import (
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

const groupPrefix = "RFM_GROUP_"

// defined is a message with a definition; those that have some kinds only answer nil.
type defined interface {
	GetRule() *segmentationv1.RuleDefinition
	GetRfm() *segmentationv1.RfmDefinition
	GetPartition() *segmentationv1.PartitionDefinition
}

func definitionOf(p defined) domain.Definition {
	switch listed, can := p.(interface {
		GetList() *segmentationv1.ListDefinition
	}); {
	case p.GetRule() != nil:
		return domain.Definition{Rule: p.GetRule().GetExpression()}
	case p.GetRfm() != nil:
		rfm := &domain.RFM{Cells: p.GetRfm().GetCells()}
		for _, group := range p.GetRfm().GetGroups() {
			rfm.Groups = append(rfm.Groups, strings.TrimPrefix(group.String(), groupPrefix))
		}
		return domain.Definition{RFM: rfm}
	case p.GetPartition() != nil:
		return domain.Definition{Partition: &domain.Partition{Run: p.GetPartition().GetRun(), Label: p.GetPartition().GetLabel()}}
	case can && listed.GetList() != nil:
		return domain.Definition{List: true}
	}
	return domain.Definition{}
}

func setDefinition(p *segmentationv1.Segment, d domain.Definition) {
	switch {
	case d.RFM != nil:
		p.Definition = &segmentationv1.Segment_Rfm{Rfm: rfmProto(d.RFM)}
	case d.List:
		p.Definition = &segmentationv1.Segment_List{List: &segmentationv1.ListDefinition{}}
	case d.Partition != nil:
		p.Definition = &segmentationv1.Segment_Partition{Partition: partitionProto(d.Partition)}
	default:
		p.Definition = &segmentationv1.Segment_Rule{Rule: &segmentationv1.RuleDefinition{Expression: d.Rule}}
	}
}

func rfmProto(r *domain.RFM) *segmentationv1.RfmDefinition {
	rfm := &segmentationv1.RfmDefinition{Cells: r.Cells}
	for _, group := range r.Groups {
		rfm.Groups = append(rfm.Groups, valuationv1.RfmGroup(valuationv1.RfmGroup_value[groupPrefix+group]))
	}
	return rfm
}

func partitionProto(p *domain.Partition) *segmentationv1.PartitionDefinition {
	return &segmentationv1.PartitionDefinition{Run: p.Run, Label: p.Label}
}

func revisionProto(segment string, r domain.Revision, current bool) *segmentationv1.SegmentRevision {
	p := &segmentationv1.SegmentRevision{
		Name: revisionName(segment, r.Number), Revision: r.Number, CreateTime: timestamp(r.At),
		RestoredRevision: r.Restored, Current: current,
	}
	switch d := r.Definition; {
	case d.RFM != nil:
		p.Definition = &segmentationv1.SegmentRevision_Rfm{Rfm: rfmProto(d.RFM)}
	case d.List:
		p.Definition = &segmentationv1.SegmentRevision_List{List: &segmentationv1.ListDefinition{}}
	case d.Partition != nil:
		p.Definition = &segmentationv1.SegmentRevision_Partition{Partition: partitionProto(d.Partition)}
	default:
		p.Definition = &segmentationv1.SegmentRevision_Rule{Rule: &segmentationv1.RuleDefinition{Expression: d.Rule}}
	}
	return p
}
