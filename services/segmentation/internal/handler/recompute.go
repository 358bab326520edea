package handler

import (
	"context"
	"fmt"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// The kinds of operation, as they are stored.
const (
	publishKind   = "publish"
	recomputeKind = "recompute"
)

type (
	publishRun   = operation.Run[*segmentationv1.PublishSegmentRequest, app.State]
	recomputeRun = operation.Run[*segmentationv1.RecomputeSegmentsRequest, app.State]
)

// RegisterRecomputations makes the operations of PublishSegment and
// RecomputeSegments run.
func RegisterRecomputations(m *operation.Manager, a *app.App) error {
	err := operation.Register(m, publishKind, operation.Kind[*segmentationv1.PublishSegmentRequest, app.State]{
		Run: func(ctx context.Context, run *publishRun) (proto.Message, error) { return publish(ctx, a, run) },
	})
	if err != nil {
		return err
	}
	return operation.Register(m, recomputeKind, operation.Kind[*segmentationv1.RecomputeSegmentsRequest, app.State]{
		Run: func(ctx context.Context, run *recomputeRun) (proto.Message, error) { return recompute(ctx, a, run) },
	})
}

// PublishSegment starts forming the members of one segment.
func (h *Segments) PublishSegment(ctx context.Context, r *segmentationv1.PublishSegmentRequest) (*longrunningpb.Operation, error) {
	id, err := segmentID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if _, err := h.store.Get(ctx, id); err != nil {
		return nil, err
	}
	return h.operations.Start(ctx, publishKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

func publish(ctx context.Context, a *app.App, run *publishRun) (proto.Message, error) {
	id, err := segmentID("name", run.Request.GetName())
	if err != nil {
		return nil, err
	}
	job := app.Job{Operation: run.Name, Segments: []string{id}, Publish: true}
	result, err := a.Recompute(ctx, job, run.State, run)
	if err != nil {
		return nil, err
	}
	if failure, failed := result.Failures[id]; failed {
		return nil, notFormed(id, failure)
	}
	if len(result.Segments) == 0 {
		return nil, store.SegmentNotFound(id) // deleted meanwhile
	}
	return segmentProto(&result.Segments[0]), nil
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
			return nil, fault.New(fault.FailedPrecondition, "SEGMENT_NOT_PUBLISHED", "names[%d]: segment %q is a draft; publish it first", i, ids[i]).
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

func recompute(ctx context.Context, a *app.App, run *recomputeRun) (proto.Message, error) {
	ids, err := segmentIDs(run.Request.GetNames())
	if err != nil {
		return nil, err
	}
	result, err := a.Recompute(ctx, app.Job{Operation: run.Name, Segments: ids}, run.State, run)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.RecomputeSegmentsResponse{
		Customers: result.Customers, Entered: result.Entered, Left: result.Left,
	}
	for i := range result.Segments {
		answer.Segments = append(answer.Segments, segmentProto(&result.Segments[i]))
	}
	return answer, nil
}
