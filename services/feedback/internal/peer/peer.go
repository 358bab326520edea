// Package peer asks the services that feedback depends on: profile for who is a
// customer, segmentation for who is in which segment.
package peer

import (
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/fault"
)

const (
	maxBatch = 1000 // customers that one call to a peer may name
	// maxAnswer bounds a peer's answer in bytes: a batch of customers with as many
	// identifiers, or in as many segments, as there can be.
	maxAnswer = 64 << 20
)

// failure is what our caller is told of a call to a peer that failed. What a peer
// finds wrong with our request is a defect of ours.
func failure(peer string, err error) error {
	switch status.Code(err) {
	case codes.Unavailable:
		return fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "%s is unavailable; try again later", peer).
			With("peer", peer).Because(err)
	case codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted, codes.PermissionDenied, codes.Unauthenticated:
		return err
	}
	return fault.New(fault.Internal, "PEER_FAILED", "%s failed", peer).Because(fmt.Errorf("%s: %w", peer, err))
}
