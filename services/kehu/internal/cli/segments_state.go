package cli

import (
	"context"
	"fmt"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/call"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// stateFlags are those of commands that change the state of segments.
type stateFlags struct {
	tellFlags
	revision int64
	limit    int
}

func newSegmentStates() []*cobra.Command {
	f := &stateFlags{}
	rollback := f.command("rollback SEGMENT", "Give a segment the definition of an earlier revision", 1, f.rollback)
	rollback.Flags().Int64Var(&f.revision, "revision", 0, "number of the revision: see revisions")
	_ = rollback.MarkFlagRequired("revision")
	revisions := f.command("revisions SEGMENT", "List the definitions that a segment had, newest first", 1, f.revisions)
	revisions.Flags().IntVar(&f.limit, "limit", 50, "most revisions to list")
	recompute := f.command("recompute", "Bring published segments up to date now, all or those named", 0, f.recompute)
	recompute.Use, recompute.Args = "recompute [SEGMENT…]", cobra.ArbitraryArgs
	return []*cobra.Command{
		f.command("publish SEGMENT", "Form the members of a segment and keep them current", 1, f.publish),
		f.command("pause SEGMENT", "Leave the members of a segment as they are", 1, f.state(func(ctx context.Context, c segmentationv1.SegmentServiceClient, name string) (*segmentationv1.Segment, error) {
			return c.PauseSegment(ctx, &segmentationv1.PauseSegmentRequest{Name: name})
		})),
		f.command("resume SEGMENT", "Keep the members of a paused segment current again", 1, f.state(func(ctx context.Context, c segmentationv1.SegmentServiceClient, name string) (*segmentationv1.Segment, error) {
			return c.ResumeSegment(ctx, &segmentationv1.ResumeSegmentRequest{Name: name})
		})),
		f.command("archive SEGMENT", "Put a segment away", 1, f.state(func(ctx context.Context, c segmentationv1.SegmentServiceClient, name string) (*segmentationv1.Segment, error) {
			return c.ArchiveSegment(ctx, &segmentationv1.ArchiveSegmentRequest{Name: name})
		})),
		rollback, revisions, recompute,
	}
}

func (f *stateFlags) state(to func(context.Context, segmentationv1.SegmentServiceClient, string) (*segmentationv1.Segment, error)) func(context.Context, grpc.ClientConnInterface, []string) (*findings.Finding, error) {
	return func(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
		s, err := to(ctx, segmentationv1.NewSegmentServiceClient(conn), named("segments/", args[0]))
		return segment(s, f.lang, err)
	}
}

func (f *stateFlags) publish(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	s := new(segmentationv1.Segment)
	operation, err := segmentationv1.NewSegmentServiceClient(conn).PublishSegment(ctx, &segmentationv1.PublishSegmentRequest{Name: named("segments/", args[0])})
	return segment(s, f.lang, await(ctx, conn, operation, err, s))
}

// await waits for an operation, showing how far it has come, and reads its result.
func await(ctx context.Context, conn grpc.ClientConnInterface, operation *longrunningpb.Operation, err error, into proto.Message) error {
	if err != nil {
		return err
	}
	result, err := call.Follow(ctx, conn, operation, reporter())
	if err != nil {
		return err
	}
	if result.ProtoReflect().Descriptor() != into.ProtoReflect().Descriptor() {
		return fmt.Errorf("%s ended with a %s", operation.GetName(), result.ProtoReflect().Descriptor().FullName())
	}
	proto.Merge(into, result)
	return nil
}

func (f *stateFlags) recompute(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	request := &segmentationv1.RecomputeSegmentsRequest{}
	for _, id := range args {
		request.Names = append(request.Names, named("segments/", id))
	}
	answer := new(segmentationv1.RecomputeSegmentsResponse)
	operation, err := segmentationv1.NewSegmentServiceClient(conn).RecomputeSegments(ctx, request)
	if err := await(ctx, conn, operation, err, answer); err != nil {
		return nil, err
	}
	return findings.Recomputed(answer, f.lang), nil
}

func (f *stateFlags) rollback(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	s, err := segmentationv1.NewSegmentRevisionServiceClient(conn).RollbackSegment(ctx, &segmentationv1.RollbackSegmentRequest{
		Name: named("segments/", args[0]), Revision: f.revision,
	})
	return segment(s, f.lang, err)
}

func (f *stateFlags) revisions(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if f.limit < 1 || f.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit must be from 1 to 1000, is %d", f.limit)}
	}
	answer, err := segmentationv1.NewSegmentRevisionServiceClient(conn).ListSegmentRevisions(ctx, &segmentationv1.ListSegmentRevisionsRequest{
		Parent: named("segments/", args[0]), PageSize: int32(f.limit),
	})
	if err != nil {
		return nil, err
	}
	return findings.SegmentRevisions(answer), nil
}
