// Package fault describes what went wrong in terms a caller can act on: a kind,
// a stable reason, and where it fits the fields at fault. It knows no gRPC;
// pkg/rpc maps a fault to a status.
package fault

import (
	"errors"
	"fmt"
	"maps"
)

// Kind is the class of a fault. Each maps to one canonical status code.
type Kind uint8

// The kinds, from the caller's mistakes to ours.
const (
	Internal Kind = iota // a defect of ours; its text is never shown to callers
	InvalidArgument
	NotFound
	AlreadyExists
	Aborted            // changed meanwhile: read again and retry
	FailedPrecondition // the state forbids it
	OutOfRange
	PermissionDenied
	Unauthenticated
	ResourceExhausted
	Unavailable // try again later
	DeadlineExceeded
	Cancelled
	Unimplemented
)

// Violation is one field that is wrong and what would be right.
type Violation struct {
	Field       string // path of the field as in the API, e.g. "orders[3].amount.currency_code"
	Description string // e.g. "must be an ISO 4217 code, e.g. \"CNY\""
}

// Fault is an error with a kind and a reason.
type Fault struct {
	Kind       Kind
	Reason     string // UPPER_SNAKE, stable, e.g. CUSTOMER_NOT_FOUND
	Message    string // plain English for the caller
	Metadata   map[string]string
	Violations []Violation
	cause      error
}

// New makes a fault. reason is UPPER_SNAKE and part of the API.
func New(kind Kind, reason, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Invalid is an InvalidArgument fault that names the field.
func Invalid(field, format string, args ...any) *Fault {
	description := fmt.Sprintf(format, args...)
	return &Fault{
		Kind:       InvalidArgument,
		Reason:     "INVALID_FIELD",
		Message:    field + ": " + description,
		Violations: []Violation{{Field: field, Description: description}},
	}
}

// With returns a copy that carries one more metadata entry.
func (f *Fault) With(key, value string) *Fault {
	c := *f
	c.Metadata = maps.Clone(f.Metadata)
	if c.Metadata == nil {
		c.Metadata = make(map[string]string, 1)
	}
	c.Metadata[key] = value
	return &c
}

// Because returns a copy that wraps cause. The cause is logged, never shown to callers.
func (f *Fault) Because(cause error) *Fault {
	c := *f
	c.cause = cause
	return &c
}

// Error is the message, followed by the cause where there is one.
func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Message + ": " + f.cause.Error()
	}
	return f.Message
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.cause }

// As returns the first fault in err's chain.
func As(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}

// KindOf returns the kind of the first fault in err's chain, Internal without one.
func KindOf(err error) Kind {
	if f, ok := As(err); ok {
		return f.Kind
	}
	return Internal
}

// ReasonOf returns the reason of the first fault in err's chain, empty without one.
func ReasonOf(err error) string {
	if f, ok := As(err); ok {
		return f.Reason
	}
	return ""
}

// Merge joins the violations of several faults into one InvalidArgument fault, so
// that a caller sees all that is wrong at once. It returns nil without faults.
func Merge(faults ...*Fault) error {
	var merged *Fault
	for _, f := range faults {
		switch {
		case f == nil:
		case merged == nil:
			c := *f
			merged = &c
		default:
			merged.Violations = append(merged.Violations[:len(merged.Violations):len(merged.Violations)], f.Violations...)
			merged.Message += "; " + f.Message
		}
	}
	if merged == nil {
		return nil
	}
	return merged
}
