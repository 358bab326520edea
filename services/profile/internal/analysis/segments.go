package analysis

import (
	"context"
	"iter"
	"strings"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// memberPage is how many members of a segment are asked for at a time.
const memberPage = 1000

// Segments reads the members of segments from the segmentation service.
type Segments struct {
	client segmentationv1.SegmentServiceClient // nil where there is no such service
}

// NewSegments makes a reader on a connection to segmentation, which may be nil.
func NewSegments(conn grpc.ClientConnInterface) Segments {
	if conn == nil {
		return Segments{}
	}
	return Segments{segmentationv1.NewSegmentServiceClient(conn)}
}

// Members yields the ids of a segment's members in the order of their escaped ids,
// all of one pass. The error is a fault: SEGMENTATION_NOT_CONNECTED, or that of the
// service, as where there is no such segment.
func (s Segments) Members(ctx context.Context, segment string) (iter.Seq2[string, error], error) {
	if s.client == nil {
		return nil, fault.New(fault.FailedPrecondition, "SEGMENTATION_NOT_CONNECTED",
			"this profile service was started without the address of segmentation, and cannot tell who is in %s", segment)
	}
	if _, err := s.client.GetSegment(ctx, &segmentationv1.GetSegmentRequest{Name: segment}); err != nil {
		return nil, err
	}
	return func(yield func(string, error) bool) {
		request := &segmentationv1.ListMembershipsRequest{Parent: segment, PageSize: memberPage}
		last := ""
		for {
			answer, err := s.client.ListMemberships(ctx, request)
			if err != nil {
				yield("", err)
				return
			}
			for _, m := range answer.GetMemberships() {
				id := m.GetName()[strings.LastIndexByte(m.GetName(), '/')+1:]
				key := docstore.ID(id)
				if key <= last {
					yield("", fault.New(fault.Internal, "PEER_OUT_OF_ORDER", "segmentation sent the members of %s out of order", segment))
					return
				}
				last = key
				if !yield(id, nil) {
					return
				}
			}
			if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
				return
			}
		}
	}, nil
}
