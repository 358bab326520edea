package handler

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

const groupPrefix = "RFM_GROUP_"

func segmentProto(s *domain.Segment) *segmentationv1.Segment {
	p := &segmentationv1.Segment{
		Name: segmentName(s.ID), DisplayName: s.DisplayName, Description: s.Description,
		State:       segmentationv1.SegmentState_SEGMENT_STATE_DRAFT,
		MemberCount: s.Formed.Members, Generation: s.Formed.Generation,
		ComputeTime: timestamp(s.Formed.At), AsOf: timestamp(s.Formed.AsOf),
		CreateTime: timestamp(s.CreatedAt), UpdateTime: timestamp(s.UpdatedAt),
	}
	if s.Version > 0 { // 0 is only being validated
		p.Etag = etag.Of(s.Version)
	}
	if s.State == domain.Published {
		p.State = segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED
	}
	if f := s.Failure; f != nil {
		p.LastError = &apiv1.ItemStatus{Code: f.Code, Reason: f.Reason, Message: f.Message, Field: f.Field}
	}
	setDefinition(p, s.Definition)
	return p
}

func setDefinition(p *segmentationv1.Segment, d domain.Definition) {
	if d.RFM == nil {
		p.Definition = &segmentationv1.Segment_Rule{Rule: &segmentationv1.RuleDefinition{Expression: d.Rule}}
		return
	}
	rfm := &segmentationv1.RfmDefinition{Cells: d.RFM.Cells}
	for _, group := range d.RFM.Groups {
		rfm.Groups = append(rfm.Groups, valuationv1.RfmGroup(valuationv1.RfmGroup_value[groupPrefix+group]))
	}
	p.Definition = &segmentationv1.Segment_Rfm{Rfm: rfm}
}

func definitionOf(p *segmentationv1.Segment) domain.Definition {
	switch d := p.GetDefinition().(type) {
	case *segmentationv1.Segment_Rule:
		return domain.Definition{Rule: d.Rule.GetExpression()}
	case *segmentationv1.Segment_Rfm:
		rfm := &domain.RFM{Cells: d.Rfm.GetCells()}
		for _, group := range d.Rfm.GetGroups() {
			rfm.Groups = append(rfm.Groups, strings.TrimPrefix(group.String(), groupPrefix))
		}
		return domain.Definition{RFM: rfm}
	}
	return domain.Definition{}
}

func membershipProto(segment string, m domain.Membership) *segmentationv1.Membership {
	return &segmentationv1.Membership{
		Name: membershipName(segment, m.Customer), CustomerId: m.Customer,
		Since: timestamp(m.Since), Generation: m.Generation,
	}
}

func transitionProto(segment string, t domain.Transition) *segmentationv1.Transition {
	kind := segmentationv1.TransitionKind_TRANSITION_KIND_ENTERED
	if t.Left {
		kind = segmentationv1.TransitionKind_TRANSITION_KIND_LEFT
	}
	return &segmentationv1.Transition{
		Name: transitionName(segment, t), CustomerId: t.Customer, Kind: kind,
		TransitionTime: timestamp(t.At), Generation: t.Generation,
	}
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
