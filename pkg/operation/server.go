package operation

import (
	"context"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Server answers the OperationService of any service: each declares its own, with
// these methods on google.longrunning's messages.
type Server struct {
	manager *Manager
}

// NewServer serves the operations of m.
func NewServer(m *Manager) *Server { return &Server{m} }

// GetOperation returns the state of an operation.
func (s *Server) GetOperation(ctx context.Context, r *longrunningpb.GetOperationRequest) (*longrunningpb.Operation, error) {
	return s.manager.Get(ctx, r.GetName())
}

// ListOperations lists the operations, newest first. The filter is on `done`.
func (s *Server) ListOperations(ctx context.Context, r *longrunningpb.ListOperationsRequest) (*longrunningpb.ListOperationsResponse, error) {
	return s.manager.List(ctx, r)
}

// CancelOperation asks an operation to stop.
func (s *Server) CancelOperation(ctx context.Context, r *longrunningpb.CancelOperationRequest) (*emptypb.Empty, error) {
	if err := s.manager.Cancel(ctx, r.GetName()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// DeleteOperation removes an operation that is done.
func (s *Server) DeleteOperation(ctx context.Context, r *longrunningpb.DeleteOperationRequest) (*emptypb.Empty, error) {
	if err := s.manager.Delete(ctx, r.GetName()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// WaitOperation waits until the operation is done or the timeout is over, and
// returns its state; without a timeout, as long as the call may take.
func (s *Server) WaitOperation(ctx context.Context, r *longrunningpb.WaitOperationRequest) (*longrunningpb.Operation, error) {
	timeout := time.Duration(-1)
	if t := r.GetTimeout(); t != nil {
		if err := t.CheckValid(); err != nil || t.AsDuration() < 0 {
			return nil, fault.Invalid("timeout", "must be a duration of 0 s or more, e.g. \"30s\"").Because(err)
		}
		timeout = t.AsDuration()
	}
	return s.manager.Wait(ctx, r.GetName(), timeout)
}

// WatchOperation sends the operation's state now and at every change, until it is
// done.
func (s *Server) WatchOperation(r *longrunningpb.GetOperationRequest, stream grpc.ServerStreamingServer[longrunningpb.Operation]) error {
	return s.manager.Watch(stream.Context(), r.GetName(), stream.Send)
}
