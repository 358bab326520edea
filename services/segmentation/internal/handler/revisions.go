package handler

import (
	"context"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// Revisions answers the SegmentRevisionService.
type Revisions struct{ *Segments }

// GetSegmentRevision returns one revision.
func (h Revisions) GetSegmentRevision(ctx context.Context, r *segmentationv1.GetSegmentRevisionRequest) (*segmentationv1.SegmentRevision, error) {
	segment, number, err := revisionID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, current, err := h.app.Revision(ctx, segment, number)
	if err != nil {
		return nil, err
	}
	return revisionProto(segment, found, current), nil
}

// ListSegmentRevisions lists a segment's revisions, newest first.
func (h Revisions) ListSegmentRevisions(ctx context.Context, r *segmentationv1.ListSegmentRevisionsRequest) (*segmentationv1.ListSegmentRevisionsResponse, error) {
	segment, err := segmentID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := h.app.Revisions(ctx, segment, after, size)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ListSegmentRevisionsResponse{}
	for i, revision := range found {
		answer.Revisions = append(answer.Revisions, revisionProto(segment, revision, after == nil && i == 0))
	}
	answer.NextPageToken, err = nextToken(next, r)
	return answer, err
}

// RollbackSegment gives a segment an earlier definition.
func (h Revisions) RollbackSegment(ctx context.Context, r *segmentationv1.RollbackSegmentRequest) (*segmentationv1.Segment, error) {
	id, err := segmentID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	s, err := h.app.Rollback(ctx, id, r.GetRevision(), matching(r.GetEtag()))
	return h.one(ctx, s, err)
}
