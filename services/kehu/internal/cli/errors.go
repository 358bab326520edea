package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
)

// Exit codes, as the help of kehu states them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitBadInput    = 2
	exitUnreachable = 3
)

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitCode tells apart what the caller did wrong, what cannot be reached, and
// everything else.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	var usage usageError
	var file *analysis.FileError
	if errors.As(err, &usage) || errors.As(err, &file) || errors.Is(err, fs.ErrNotExist) {
		return exitBadInput
	}
	if f, ok := fault.As(err); ok {
		switch f.Kind {
		case fault.InvalidArgument, fault.NotFound, fault.FailedPrecondition, fault.OutOfRange:
			return exitBadInput
		case fault.Unavailable:
			return exitUnreachable
		default:
			return exitFailed
		}
	}
	switch status.Code(err) {
	case codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition, codes.OutOfRange, codes.AlreadyExists:
		return exitBadInput
	case codes.Unavailable:
		return exitUnreachable
	default:
		if strings.HasPrefix(err.Error(), "unknown command") {
			return exitBadInput
		}
		return exitFailed
	}
}

// explain says what went wrong in lines for a person.
func explain(err error) string {
	if errors.Is(err, context.Canceled) {
		return "kehu: stopped; what was acknowledged is kept, the same command goes on from there\n"
	}
	var b strings.Builder
	message, reason, violations := parts(err)
	fmt.Fprintf(&b, "kehu: %s", message)
	if reason != "" {
		fmt.Fprintf(&b, " [%s]", reason)
	}
	b.WriteByte('\n')
	for _, v := range violations {
		if !strings.Contains(message, v.Description) {
			fmt.Fprintf(&b, "  %s: %s\n", v.Field, v.Description)
		}
	}
	return b.String()
}

func parts(err error) (message, reason string, violations []fault.Violation) {
	if err == nil {
		return "", "", nil
	}
	var file *analysis.FileError
	if errors.As(err, &file) {
		return file.Message, file.Reason, nil
	}
	var usage usageError
	if errors.As(err, &usage) {
		return err.Error(), fault.ReasonOf(err), nil // it says which flag
	}
	if f, ok := fault.As(err); ok {
		return f.Error(), f.Reason, f.Violations
	}
	var answered interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &answered) {
		return err.Error(), "", nil
	}
	s := answered.GRPCStatus()
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				violations = append(violations, fault.Violation{Field: v.GetField(), Description: v.GetDescription()})
			}
		}
	}
	// What was said around the status stays; its own form is no plain English.
	return strings.Replace(err.Error(), s.Err().Error(), s.Message(), 1), reason, violations
}
