package docstore

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Errors of a single document. Engines return them wrapped or bare; test with errors.Is.
var (
	ErrNotFound = errors.New("document not found")
	ErrConflict = errors.New("document changed meanwhile")
	ErrTooLarge = errors.New("document exceeds 16 MiB")
)

// ErrUnchanged is what the function given to Update or Upsert returns to leave
// the document as it is, without an error for the caller.
var ErrUnchanged = errors.New("document left unchanged")

// MaxDocument is the largest document in bytes of BSON, index keys included:
// MongoDB's limit, which every engine keeps.
const MaxDocument = 16 << 20

// Fault turns the end of a context into a fault of kind DeadlineExceeded or
// Cancelled. Every other error passes as it is.
func Fault(err error) error {
	if _, ok := fault.As(err); ok {
		return err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.DeadlineExceeded, "STORE_TIMEOUT", "the store did not answer in time").Because(err)
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Cancelled, "CANCELLED", "the call was cancelled").Because(err)
	}
	return err
}
