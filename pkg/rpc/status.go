package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	canonical "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Domain is the domain of every ErrorInfo of the suite.
const Domain = "kehu"

// Bounds of a status. It travels in trailers, which proxies and clients cap at
// some 8 KiB; a batch can have thousands of violations.
const (
	maxViolations  = 10
	maxField       = 120 // bytes of a field path, a metadata key or value
	maxDescription = 200
	maxMessage     = 512
)

var codeOf = map[fault.Kind]codes.Code{
	fault.Internal:           codes.Internal,
	fault.InvalidArgument:    codes.InvalidArgument,
	fault.NotFound:           codes.NotFound,
	fault.AlreadyExists:      codes.AlreadyExists,
	fault.Aborted:            codes.Aborted,
	fault.FailedPrecondition: codes.FailedPrecondition,
	fault.OutOfRange:         codes.OutOfRange,
	fault.PermissionDenied:   codes.PermissionDenied,
	fault.Unauthenticated:    codes.Unauthenticated,
	fault.ResourceExhausted:  codes.ResourceExhausted,
	fault.Unavailable:        codes.Unavailable,
	fault.DeadlineExceeded:   codes.DeadlineExceeded,
	fault.Cancelled:          codes.Canceled,
	fault.Unimplemented:      codes.Unimplemented,
}

// Code is the canonical status code of a kind of fault.
func Code(kind fault.Kind) codes.Code {
	if c, ok := codeOf[kind]; ok {
		return c
	}
	return codes.Internal
}

// Status is what a caller is told of err; nil for nil.
//
// Whichever comes first in err's chain decides: a fault gives its code, an
// ErrorInfo (domain "kehu", reason, metadata) and a BadRequest with its
// violations; an error of a peer keeps code and details, with the peer's name
// in the metadata; a status stays as it is. Errors of a context become
// CANCELLED or DEADLINE_EXCEEDED. Everything else is INTERNAL "internal error".
func Status(err error) *status.Status {
	if err == nil {
		return nil
	}
	var peer *PeerError
	var raw interface{ GRPCStatus() *status.Status }
	f, isFault := fault.As(err)
	isPeer := errors.As(err, &peer)
	switch {
	case isPeer && (!isFault || f == peer.fault):
		return peer.clean
	case isFault && f.Kind != fault.Internal:
		return ofFault(f)
	case errors.Is(err, context.Canceled):
		return bare(codes.Canceled, "the call was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return bare(codes.DeadlineExceeded, "the deadline passed before the call was done")
	case !isFault && errors.As(err, &raw):
		return ofStatus(raw.GRPCStatus())
	default:
		return internalError()
	}
}

// Reason is the reason of the status's ErrorInfo, empty without one.
func Reason(st *status.Status) string {
	return errorInfo(st).GetReason()
}

func internalError() *status.Status { return bare(codes.Internal, "internal error") }

// bare is a status whose reason is the name of its code.
func bare(code codes.Code, message string) *status.Status {
	return withDetails(status.New(code, message),
		&errdetails.ErrorInfo{Reason: canonical.Code(code).String(), Domain: Domain})
}

func ofFault(f *fault.Fault) *status.Status {
	info := &errdetails.ErrorInfo{Reason: f.Reason, Domain: Domain}
	for key, value := range f.Metadata {
		if info.Metadata == nil {
			info.Metadata = make(map[string]string, len(f.Metadata))
		}
		info.Metadata[clip(key, maxField)] = clip(value, maxField)
	}
	st := status.New(Code(f.Kind), clip(f.Message, maxMessage))
	if len(f.Violations) == 0 {
		return withDetails(st, info)
	}
	return withDetails(st, info, badRequest(f.Violations))
}

func badRequest(violations []fault.Violation) *errdetails.BadRequest {
	bad := &errdetails.BadRequest{}
	for i, v := range violations {
		if i == maxViolations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Description: fmt.Sprintf("and %d more", len(violations)-maxViolations),
			})
			break
		}
		bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field:       clip(v.Field, maxField),
			Description: clip(v.Description, maxDescription),
		})
	}
	return bad
}

// ofStatus hides what a status of a defect says, and sees to an ErrorInfo.
func ofStatus(st *status.Status) *status.Status {
	info := errorInfo(st)
	if info.GetDomain() == Domain && st.Code() != codes.OK {
		return st // made by this package, here or at a peer
	}
	switch st.Code() {
	case codes.OK, codes.Unknown, codes.Internal, codes.DataLoss:
		return internalError()
	}
	if info != nil {
		return st
	}
	return withDetails(st, &errdetails.ErrorInfo{Reason: canonical.Code(st.Code()).String(), Domain: Domain})
}

func errorInfo(st *status.Status) *errdetails.ErrorInfo {
	for _, detail := range st.Proto().GetDetails() {
		if info := new(errdetails.ErrorInfo); detail.UnmarshalTo(info) == nil {
			return info
		}
	}
	return nil
}

// withMetadata sets an entry of the ErrorInfo of st where it has none yet.
func withMetadata(st *status.Status, key, value string) *status.Status {
	p := st.Proto() // a copy
	for _, detail := range p.GetDetails() {
		info := new(errdetails.ErrorInfo)
		if detail.UnmarshalTo(info) != nil || info.Metadata[key] != "" {
			continue
		}
		if info.Metadata == nil {
			info.Metadata = make(map[string]string, 1)
		}
		info.Metadata[key] = value
		if err := detail.MarshalFrom(info); err != nil {
			return st // not UTF-8: the status without the entry is still true
		}
	}
	return status.FromProto(p)
}

func withDetails(st *status.Status, details ...protoadapt.MessageV1) *status.Status {
	if detailed, err := st.WithDetails(details...); err == nil {
		return detailed
	}
	return st // an OK status or a detail that cannot be packed: the bare status is still true
}

// clip makes text fit for a status: valid UTF-8 of at most limit bytes.
func clip(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit-len("…")] + "…"
	}
	return strings.ToValidUTF8(text, "")
}
