// Package segments reads the members of segments from the segmentation service.
package segments

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/app"
)

// Peer is the segmentation service.
type Peer struct {
	client segmentationv1.SegmentServiceClient
}

// New makes a reader on a connection to segmentation; nil where there is none.
func New(conn grpc.ClientConnInterface) *Peer {
	if conn == nil {
		return &Peer{}
	}
	return &Peer{segmentationv1.NewSegmentServiceClient(conn)}
}

// part is how many members are read at a time.
const part = 1000

// Members yields the members of a segment by customer id, all of one pass.
func (p *Peer) Members(ctx context.Context, segment string) iter.Seq2[app.Members, error] {
	return func(yield func(app.Members, error) bool) {
		if p.client == nil {
			yield(app.Members{}, fault.New(fault.Unavailable, "PEER_UNAVAILABLE",
				"this service was started without the address of segmentation (--segmentation)").With("peer", "segmentation"))
			return
		}
		r := &segmentationv1.ListMembershipsRequest{Parent: segment, PageSize: part}
		for {
			page, err := p.client.ListMemberships(ctx, r)
			if err != nil {
				yield(app.Members{}, err)
				return
			}
			var m app.Members
			for _, member := range page.GetMemberships() {
				m.Customers = append(m.Customers, member.GetCustomerId())
				m.Generation = member.GetGeneration()
			}
			if len(m.Customers) > 0 && !yield(m, nil) {
				return
			}
			if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
				return
			}
		}
	}
}
