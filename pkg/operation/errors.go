package operation

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Why a run has to stop although its work is not done. They are the causes of its
// context and what Checkpoint returns.
var (
	errCancelled = fault.New(fault.Cancelled, "OPERATION_CANCELLED", "the operation was cancelled")
	errLost      = fault.New(fault.Aborted, "OPERATION_LEASE_LOST", "another process has taken over the operation")
	errReleased  = fault.New(fault.Unavailable, "OPERATION_RELEASED", "the process is stopping; the operation goes on elsewhere")
)

// errAbandoned is recorded where no run lived to say what went wrong.
var errAbandoned = fault.New(fault.Internal, "OPERATION_ABANDONED", "the operation broke off repeatedly without getting any further")

// retryable tells whether a run that failed with err may succeed when it is tried
// again: faults of ours, statuses of a peer, or a lost race for a document.
func retryable(err error) bool {
	if errors.Is(err, docstore.ErrConflict) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if f, ok := fault.As(err); ok {
		switch f.Kind {
		case fault.Unavailable, fault.DeadlineExceeded, fault.Aborted, fault.ResourceExhausted:
			return true
		}
		return false
	}
	if s, ok := status.FromError(err); ok {
		switch s.Code() {
		case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.ResourceExhausted:
			return true
		}
	}
	return false
}
