package analysis

import (
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
)

// failure is the error of an operation.
type failure struct{ said *statuspb.Status }

func (f *failure) Error() string { return f.said.GetMessage() }

// GRPCStatus is what callers are told.
func (f *failure) GRPCStatus() *status.Status { return status.FromProto(f.said) }
