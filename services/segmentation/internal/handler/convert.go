package handler

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

var stateProto = map[domain.State]segmentationv1.SegmentState{
	domain.Draft:     segmentationv1.SegmentState_SEGMENT_STATE_DRAFT,
	domain.Published: segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED,
	domain.Paused:    segmentationv1.SegmentState_SEGMENT_STATE_PAUSED,
	domain.Archived:  segmentationv1.SegmentState_SEGMENT_STATE_ARCHIVED,
}

func segmentProto(v *app.View) *segmentationv1.Segment {
	s := &v.Segment
	p := &segmentationv1.Segment{
		Name: segmentName(s.ID), DisplayName: s.DisplayName, Description: s.Description,
		Labels: s.Labels, State: stateProto[s.State], Revision: s.Revision, FormedRevision: s.Formed.Revision,
		MemberCount: s.Formed.Members, Generation: s.Formed.Generation,
		ComputeTime: timestamp(s.Formed.At), AsOf: timestamp(v.AsOf), FreshAsOf: timestamp(v.FreshAsOf),
		References: segmentNames(v.Asks), ReferencedBy: segmentNames(v.AskedBy), Facts: v.Reads, Cost: v.Cost,
		CreateTime: timestamp(s.CreatedAt), UpdateTime: timestamp(s.UpdatedAt),
	}
	if s.Version > 0 { // 0 is only being validated
		p.Etag = etag.Of(s.Edits)
	}
	if f := s.Failure; f != nil {
		p.LastError = &apiv1.ItemStatus{Code: f.Code, Reason: f.Reason, Message: f.Message, Field: f.Field}
		p.FailingCount = f.Customers
	}
	if of := s.Definition.Partition; of != nil {
		p.Scheme = of.Scheme()
	}
	setDefinition(p, s.Definition)
	return p
}

func sourceProtos(sources []app.Source) []*segmentationv1.SourceFreshness {
	var protos []*segmentationv1.SourceFreshness
	for _, s := range sources {
		protos = append(protos, &segmentationv1.SourceFreshness{Service: s.Service, SyncedTo: timestamp(s.SyncedTo), LastError: s.LastError})
	}
	return protos
}

func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
