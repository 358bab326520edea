package peers

import (
	"context"
	"strings"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Segment is a published segment.
type Segment struct{ ID, Name string }

// Segments tells who is in which segment.
type Segments struct {
	client segmentationv1.SegmentServiceClient
}

// NewSegments asks segmentation over a connection; without one it is nil.
func NewSegments(conn grpc.ClientConnInterface) *Segments {
	if conn == nil {
		return nil
	}
	return &Segments{segmentationv1.NewSegmentServiceClient(conn)}
}

// maxSegments is the most customers asked for at a time.
const maxSegments = 1000

// Published lists the published segments in the order of their ids.
func (s *Segments) Published(ctx context.Context) ([]Segment, error) {
	var all []Segment
	request := &segmentationv1.ListSegmentsRequest{PageSize: 1000}
	for {
		page, err := s.client.ListSegments(ctx, request, grpc.MaxCallRecvMsgSize(maxMessage))
		if err != nil {
			return nil, err
		}
		for _, segment := range page.GetSegments() {
			if segment.GetState() == segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED {
				all = append(all, Segment{strings.TrimPrefix(segment.GetName(), "segments/"), segment.GetDisplayName()})
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return all, nil
		}
	}
}

// Memberships returns for each of at most 1,000 customers the ids of the published
// segments that the customer is in.
func (s *Segments) Memberships(ctx context.Context, customers []string) ([][]string, error) {
	found, err := s.client.BatchGetMemberships(ctx, &segmentationv1.BatchGetMembershipsRequest{CustomerIds: customers},
		grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return nil, err
	}
	if len(found.GetCustomers()) != len(customers) || len(customers) > maxSegments {
		return nil, fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "segmentation told of %d customers where %d were asked for",
			len(found.GetCustomers()), len(customers)).With("peer", "segmentation")
	}
	segments := make([][]string, len(customers))
	for i, c := range found.GetCustomers() {
		segments[i] = c.GetSegmentIds()
	}
	return segments, nil
}
