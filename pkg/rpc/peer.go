package rpc

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/fault"
)

// PeerError is the error of a call to another service. It unwraps to the fault
// the peer answered, so that callers ask with fault.KindOf and fault.ReasonOf.
type PeerError struct {
	Peer   string // e.g. "profile"
	Method string // e.g. "/kehu.profile.v1.CustomerService/GetCustomer"
	said   *status.Status
	clean  *status.Status // what our own caller may be told
	fault  *fault.Fault
}

func newPeerError(peer, method string, err error) *PeerError {
	said := status.Convert(err)
	clean := cleanPeerStatus(peer, said)
	return &PeerError{Peer: peer, Method: method, said: said, clean: clean, fault: faultOf(clean)}
}

// Error is for logs: it repeats what the peer or the transport said.
func (e *PeerError) Error() string {
	return fmt.Sprintf("%s: %s: %s: %s", e.Peer, e.Method, e.said.Code(), e.said.Message())
}

// GRPCStatus is the status that may be passed on to a caller.
func (e *PeerError) GRPCStatus() *status.Status { return e.clean }

// Unwrap returns the fault that the peer answered.
func (e *PeerError) Unwrap() error { return e.fault }

// cleanPeerStatus keeps a peer's code and details, names the peer, and drops
// the words of the transport, which speak of addresses.
func cleanPeerStatus(peer string, said *status.Status) *status.Status {
	if said.Code() == codes.Unavailable && errorInfo(said) == nil {
		return withDetails(status.New(codes.Unavailable, peer+" is unavailable"),
			&errdetails.ErrorInfo{Reason: "PEER_UNAVAILABLE", Domain: Domain, Metadata: map[string]string{"peer": peer}})
	}
	return withMetadata(ofStatus(said), "peer", peer)
}

// faultOf reads a status back into a fault.
func faultOf(st *status.Status) *fault.Fault {
	f := fault.New(kindOf(st.Code()), "", "%s", st.Message())
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			f.Reason, f.Metadata = d.Reason, d.Metadata
		case *errdetails.BadRequest:
			for _, v := range d.FieldViolations {
				f.Violations = append(f.Violations, fault.Violation{Field: v.Field, Description: v.Description})
			}
		}
	}
	return f
}

func kindOf(code codes.Code) fault.Kind {
	for kind, c := range codeOf {
		if c == code {
			return kind
		}
	}
	return fault.Internal
}
