package handler

import (
	"context"
	"fmt"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// The kinds of operation, as they are stored.
const (
	publishKind   = "publish"
	recomputeKind = "recompute"
)

type (
	publishRun   = operation.Run[*segmentationv1.PublishSegmentRequest, nothing]
	recomputeRun = operation.Run[*segmentationv1.RecomputeSegmentsRequest, nothing]
)

// nothing is what the operations keep of themselves: the worker knows what it was asked.
type nothing struct{}

// forming is the stage of both operations, as their progress names it.
const forming = "forming"

// RegisterRecomputations makes the operations of PublishSegment and
// RecomputeSegments run.
func RegisterRecomputations(m *operation.Manager, h *Segments) error {
	err := operation.Register(m, publishKind, operation.Kind[*segmentationv1.PublishSegmentRequest, nothing]{
		Run: func(ctx context.Context, run *publishRun) (proto.Message, error) { return h.publish(ctx, run) },
	})
	if err != nil {
		return err
	}
	return operation.Register(m, recomputeKind, operation.Kind[*segmentationv1.RecomputeSegmentsRequest, nothing]{
		Run: func(ctx context.Context, run *recomputeRun) (proto.Message, error) { return h.recompute(ctx, run) },
	})
}

// PublishSegment starts forming the members of one segment.
func (h *Segments) PublishSegment(ctx context.Context, r *segmentationv1.PublishSegmentRequest) (*longrunningpb.Operation, error) {
	id, err := segmentID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if err := h.app.CheckPublish(ctx, id); err != nil {
		return nil, err
	}
	return h.operations.Start(ctx, publishKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

func (h *Segments) publish(ctx context.Context, run *publishRun) (proto.Message, error) {
	id, err := segmentID("name", run.Request.GetName())
	if err != nil {
		return nil, err
	}
	s, err := h.app.Publish(ctx, run.Name, id, func(done, total int64) { run.Progress(done, total, forming) })
	if err != nil {
		return nil, err
	}
	if s.Failure != nil {
		return nil, notFormed(id, *s.Failure)
	}
	return h.one(ctx, s, nil)
}

// notFormed is a failure as the error of an operation.
func notFormed(segment string, failure domain.Failure) *fault.Fault {
	f := fault.New(fault.FailedPrecondition, failure.Reason, "%s", failure.Message).With("segment", segmentName(segment))
	if failure.Field != "" {
		f.Violations = []fault.Violation{{Field: failure.Field, Description: failure.Message}}
	}
	return f
}

// RecomputeSegments starts forming the members of published segments anew.
func (h *Segments) RecomputeSegments(ctx context.Context, r *segmentationv1.RecomputeSegmentsRequest) (*longrunningpb.Operation, error) {
	ids, err := segmentIDs(r.GetNames())
	if err != nil {
		return nil, err
	}
	found, err := h.store.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, s := range found {
		if s == nil {
			return nil, store.SegmentNotFound(ids[i])
		}
		if s.State != domain.Published {
			return nil, fault.New(fault.FailedPrecondition, "SEGMENT_NOT_PUBLISHED", "names[%d]: segment %q is not published but %s; publish it first", i, ids[i], s.State).
				With("segment", segmentName(ids[i]))
		}
	}
	return h.operations.Start(ctx, recomputeKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

func segmentIDs(names []string) ([]string, error) {
	ids := make([]string, len(names))
	for i, name := range names {
		var err error
		if ids[i], err = segmentID(fmt.Sprintf("names[%d]", i), name); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (h *Segments) recompute(ctx context.Context, run *recomputeRun) (proto.Message, error) {
	ids, err := segmentIDs(run.Request.GetNames())
	if err != nil {
		return nil, err
	}
	formed, came, err := h.app.Recompute(ctx, run.Name, ids, func(done, total int64) { run.Progress(done, total, forming) })
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.RecomputeSegmentsResponse{Customers: came.Customers, Entered: came.Entered, Left: came.Left}
	answer.Segments, err = h.many(ctx, formed)
	return answer, err
}
