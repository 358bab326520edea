package peer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// Segmentation is the service that groups the customers.
type Segmentation struct {
	segments segmentationv1.SegmentServiceClient
}

// NewSegmentation asks segmentation over a connection.
func NewSegmentation(conn grpc.ClientConnInterface) *Segmentation {
	return &Segmentation{segmentationv1.NewSegmentServiceClient(conn)}
}

// Published lists the ids of the published segments, in their order. The error is
// a fault PEER_UNAVAILABLE that names segmentation while it cannot be reached.
func (s *Segmentation) Published(ctx context.Context) ([]string, error) {
	var ids []string
	request := &segmentationv1.ListSegmentsRequest{PageSize: 1000}
	for {
		page, err := s.segments.ListSegments(ctx, request, grpc.MaxCallRecvMsgSize(maxAnswer))
		if err != nil {
			return nil, failure("segmentation", err)
		}
		for _, segment := range page.GetSegments() {
			if segment.GetState() == segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED {
				ids = append(ids, strings.TrimPrefix(segment.GetName(), "segments/"))
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return ids, nil
		}
	}
}

// Memberships returns for each customer, in their order, the ids of the published
// segments that the customer is in. The error is as with Published.
func (s *Segmentation) Memberships(ctx context.Context, customers []string) ([][]string, error) {
	segments := make([][]string, 0, len(customers))
	for batch := range slices.Chunk(customers, maxBatch) {
		found, err := s.segments.BatchGetMemberships(ctx, &segmentationv1.BatchGetMembershipsRequest{CustomerIds: batch},
			grpc.MaxCallRecvMsgSize(maxAnswer))
		if err != nil {
			return nil, failure("segmentation", err)
		}
		if len(found.GetCustomers()) != len(batch) {
			return nil, failure("segmentation", fmt.Errorf("told of %d customers where %d were asked for", len(found.GetCustomers()), len(batch)))
		}
		for _, c := range found.GetCustomers() {
			segments = append(segments, c.GetSegmentIds())
		}
	}
	return segments, nil
}
