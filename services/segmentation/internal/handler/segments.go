package handler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// Segments answers the SegmentService.
type Segments struct {
	app        *app.App
	store      *store.Segments
	standings  *standing.Standings
	operations *operation.Manager
	customers  *alias.Book
}

// NewSegments makes the SegmentService. customers knows which ids are one customer.
func NewSegments(a *app.App, s *store.Segments, standings *standing.Standings, operations *operation.Manager, customers *alias.Book) *Segments {
	return &Segments{a, s, standings, operations, customers}
}

// GetSegment returns one segment.
func (h *Segments) GetSegment(ctx context.Context, r *segmentationv1.GetSegmentRequest) (*segmentationv1.Segment, error) {
	id, err := segmentID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	s, err := h.store.Get(ctx, id)
	return h.one(ctx, s, err)
}

// one is the answer of a call that returns a segment.
func (h *Segments) one(ctx context.Context, s domain.Segment, err error) (*segmentationv1.Segment, error) {
	if err != nil {
		return nil, err
	}
	views, err := h.app.View(ctx, s)
	if err != nil {
		return nil, err
	}
	p := segmentProto(&views[0])
	p.Sources = sourceProtos(views[0].Sources)
	return p, nil
}

// many are segments in a list.
func (h *Segments) many(ctx context.Context, found []domain.Segment) ([]*segmentationv1.Segment, error) {
	views, err := h.app.View(ctx, found...)
	if err != nil {
		return nil, err
	}
	protos := make([]*segmentationv1.Segment, len(views))
	for i := range views {
		protos[i] = segmentProto(&views[i])
	}
	return protos, nil
}

// ListSegments lists segments in the order of their ids.
func (h *Segments) ListSegments(ctx context.Context, r *segmentationv1.ListSegmentsRequest) (*segmentationv1.ListSegmentsResponse, error) {
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := h.store.Page(ctx, after, size)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ListSegmentsResponse{}
	if answer.Segments, err = h.many(ctx, found); err != nil {
		return nil, err
	}
	answer.NextPageToken, err = nextToken(next, r)
	return answer, err
}

// place is where the page begins, nil for the first, and its size.
func place(r page.Request) (*docstore.Position, int, error) {
	token, size, err := page.Of(r)
	if err != nil || token == (page.Token{}) {
		return nil, size, err
	}
	return &token.Position, size, nil
}

func nextToken(next *docstore.Position, r page.Request) (string, error) {
	if next == nil {
		return "", nil
	}
	return page.Token{Position: *next}.Encode(r)
}

// CreateSegment defines a segment.
func (h *Segments) CreateSegment(ctx context.Context, r *segmentationv1.CreateSegmentRequest) (*segmentationv1.Segment, error) {
	s := domain.Segment{
		ID: r.GetSegmentId(), DisplayName: r.GetSegment().GetDisplayName(), Description: r.GetSegment().GetDescription(),
		Labels: r.GetSegment().GetLabels(), Definition: definitionOf(r.GetSegment()),
	}
	if r.GetRequestId() != "" {
		key, err := requestKey(r)
		if err != nil {
			return nil, err
		}
		s.Request = key
	}
	created, err := h.app.Create(ctx, s, r.GetValidateOnly())
	return h.tried(ctx, created, err, r.GetValidateOnly() && r.GetEstimate())
}

// tried is the answer of a call that defines a segment, with an estimate if it is asked for.
func (h *Segments) tried(ctx context.Context, s domain.Segment, err error, estimate bool) (*segmentationv1.Segment, error) {
	p, err := h.one(ctx, s, err)
	if err != nil {
		return nil, within("segment", err)
	}
	if estimate {
		e, err := h.app.Estimate(ctx, s, 0, 0)
		if err != nil {
			return nil, within("segment", err)
		}
		p.Estimate = estimateProto(&e)
	}
	return p, nil
}

// requestKey recognises the same request with the same content.
func requestKey(r *segmentationv1.CreateSegmentRequest) (domain.RequestKey, error) {
	content := proto.Clone(r).(*segmentationv1.CreateSegmentRequest)
	content.RequestId, content.ValidateOnly, content.Estimate = "", false, false
	content.Segment.Name = "" // is ignored
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(content)
	if err != nil {
		return domain.RequestKey{}, err
	}
	hash := sha256.Sum256(body)
	return domain.RequestKey{ID: r.GetRequestId(), Hash: hex.EncodeToString(hash[:])}, nil
}

// UpdateSegment changes the fields that the mask names.
func (h *Segments) UpdateSegment(ctx context.Context, r *segmentationv1.UpdateSegmentRequest) (*segmentationv1.Segment, error) {
	id, err := segmentID("segment.name", r.GetSegment().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := segmentMask(r.GetUpdateMask(), r.GetSegment())
	if err != nil {
		return nil, err
	}
	changed, err := h.app.Change(ctx, id, r.GetValidateOnly(), func(s *domain.Segment) error {
		if err := etag.Check(r.GetSegment().GetEtag(), s.Edits); err != nil {
			return err
		}
		return fields.apply(s, r.GetSegment())
	})
	return h.tried(ctx, changed, err, r.GetValidateOnly() && r.GetEstimate())
}

// DeleteSegment deletes a segment with its members and transitions.
func (h *Segments) DeleteSegment(ctx context.Context, r *segmentationv1.DeleteSegmentRequest) (*emptypb.Empty, error) {
	id, err := segmentID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	err = h.app.Delete(ctx, id, matching(r.GetEtag()))
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
