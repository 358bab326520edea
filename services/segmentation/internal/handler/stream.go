package handler

import (
	"strings"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// membersInMessage is how many members a message of a stream has.
const membersInMessage = 1000

// StreamMemberships sends the members of one pass.
func (h *Memberships) StreamMemberships(r *segmentationv1.StreamMembershipsRequest, stream grpc.ServerStreamingServer[segmentationv1.StreamMembershipsResponse]) error {
	segment, err := segmentID("parent", r.GetParent())
	if err != nil {
		return err
	}
	generation, after := r.GetGeneration(), before(r.GetRange().GetFrom())
	from, to := docstore.ID(r.GetRange().GetFrom()), docstore.ID(r.GetRange().GetTo())
	for {
		found, err := h.standings.Members(stream.Context(), segment, generation, after, membersInMessage)
		if err != nil {
			return superseded(err)
		}
		generation = found.Generation
		answer := &segmentationv1.StreamMembershipsResponse{Generation: found.Generation, TotalSize: found.Total}
		for _, m := range found.Members {
			key := docstore.ID(m.Customer)
			if r.GetRange().GetTo() != "" && key >= to {
				found.More = false
				break
			}
			if after = m.Customer; key >= from {
				answer.Memberships = append(answer.Memberships, membershipProto(segment, m))
			}
		}
		if len(answer.GetMemberships()) > 0 || !found.More {
			if err := stream.Send(answer); err != nil {
				return err
			}
		}
		if !found.More {
			return nil
		}
	}
}

// superseded says of a generation of a stream what is said of a page token's.
func superseded(err error) error {
	if fault.ReasonOf(err) != "PAGE_TOKEN_EXPIRED" {
		return err
	}
	f := fault.New(fault.NotFound, "GENERATION_NOT_FOUND", "generation: is none of this segment's, or was superseded too long ago; take 0 for the present one")
	f.Violations = []fault.Violation{{Field: "generation", Description: "is not kept any more"}}
	return f
}

// before is an id in front of another, with little between them in the order of
// escaped ids; in front of the place directly behind an id (see CustomerRange) it is
// that id itself.
func before(id string) string {
	if id == "" {
		return ""
	}
	last := id[len(id)-1]
	if last == '"' || last >= 0x7f || last <= ' ' {
		return strings.TrimSuffix(id, id[len(id)-1:])
	}
	return id[:len(id)-1] + string(rune(last-1)) + strings.Repeat("~", 8)
}
