// Package segments reads the members of segments from the segmentation service.
package segments

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/app"
)

// Peer is the segmentation service.
type Peer struct {
	client segmentationv1.MembershipServiceClient
}

// New makes a reader on a connection to segmentation; nil where there is none.
func New(conn grpc.ClientConnInterface) *Peer {
	if conn == nil {
		return &Peer{}
	}
	return &Peer{segmentationv1.NewMembershipServiceClient(conn)}
}

// Members yields the members of a segment by customer id, all of one pass.
func (p *Peer) Members(ctx context.Context, segment string) iter.Seq2[app.Members, error] {
	return func(yield func(app.Members, error) bool) {
		if p.client == nil {
			yield(app.Members{}, fault.New(fault.Unavailable, "PEER_UNAVAILABLE",
				"this service was started without the address of segmentation (--segmentation)").With("peer", "segmentation"))
			return
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop() // ends the stream where it is not read to its end
		stream, err := p.client.StreamMemberships(ctx, &segmentationv1.StreamMembershipsRequest{Parent: segment})
		for err == nil {
			var batch *segmentationv1.StreamMembershipsResponse
			if batch, err = stream.Recv(); err != nil {
				break
			}
			m := app.Members{Generation: batch.GetGeneration()}
			for _, member := range batch.GetMemberships() {
				m.Customers = append(m.Customers, member.GetCustomerId())
			}
			if !yield(m, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(app.Members{}, err)
		}
	}
}
