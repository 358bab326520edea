package handler

import (
	"context"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// matching checks that a segment has an etag, if one is given.
func matching(given string) app.Check {
	return func(s *domain.Segment) error { return etag.Check(given, s.Edits) }
}

// PauseSegment stops the forming of a segment.
func (h *Segments) PauseSegment(ctx context.Context, r *segmentationv1.PauseSegmentRequest) (*segmentationv1.Segment, error) {
	return h.move(ctx, r, h.app.Pause)
}

// ResumeSegment goes on with a paused segment.
func (h *Segments) ResumeSegment(ctx context.Context, r *segmentationv1.ResumeSegmentRequest) (*segmentationv1.Segment, error) {
	return h.move(ctx, r, h.app.Resume)
}

// ArchiveSegment puts a segment away.
func (h *Segments) ArchiveSegment(ctx context.Context, r *segmentationv1.ArchiveSegmentRequest) (*segmentationv1.Segment, error) {
	return h.move(ctx, r, h.app.Archive)
}

// moving is a request that changes the state of a segment.
type moving interface {
	GetName() string
	GetEtag() string
}

func (h *Segments) move(ctx context.Context, r moving, to func(context.Context, string, app.Check) (domain.Segment, error)) (*segmentationv1.Segment, error) {
	id, err := segmentID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	s, err := to(ctx, id, matching(r.GetEtag()))
	return h.one(ctx, s, err)
}
