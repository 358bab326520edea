package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Server error codes, from the server's list of error codes.
const (
	codeCursorNotFound = 43
	codeMaxTimeExpired = 50
	codeWriteTimeout   = 64 // the majority did not acknowledge in time
	codeCursorKilled   = 237
	codeDuplicateKey   = 11000
	codeTooLarge       = 10334
)

// outage lists the codes with which a server says that it cannot serve now but
// another one, or the same one later, may: it stops, steps down, recovers or
// has lost its peers.
var outage = []int{6, 7, 89, 91, 100, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}

// translate turns an error of the driver into one of docstore or a fault. ctx is
// the caller's.
func translate(ctx context.Context, err error) error {
	var refused mongo.ServerError
	var unselected topology.ServerSelectionError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return docstore.ErrNotFound
	case errors.Is(err, driver.ErrDocumentTooLarge):
		return docstore.ErrTooLarge
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, context.Canceled):
		return cancelled(err)
	case errors.As(err, &unselected): // even where the deadline came first: nobody was there to ask
		return unavailable(err)
	case ctx.Err() != nil, mongo.IsTimeout(err):
		return late(err)
	case errors.Is(err, mongo.ErrClientDisconnected), mongo.IsNetworkError(err), errors.As(err, &topology.ConnectionError{}):
		return unavailable(err)
	case errors.As(err, &refused):
		return ofCode(err, mongo.ErrorCodes(err)...)
	}
	return fmt.Errorf("mongodb: %w", err)
}

// ofCode is the error for what the server answered with one of these codes.
func ofCode(err error, codes ...int) error {
	has := func(code int) bool { return slices.Contains(codes, code) }
	switch {
	case has(codeTooLarge):
		return docstore.ErrTooLarge
	case has(codeMaxTimeExpired), has(codeWriteTimeout):
		return late(err)
	case slices.ContainsFunc(outage, has):
		return unavailable(err)
	}
	return fmt.Errorf("mongodb: %w", err)
}

func unavailable(cause error) error {
	return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the database cannot be reached; try again later").Because(cause)
}

func late(cause error) error {
	if !errors.Is(cause, context.DeadlineExceeded) {
		cause = fmt.Errorf("%w: %w", context.DeadlineExceeded, cause)
	}
	return fault.New(fault.DeadlineExceeded, "DEADLINE_EXCEEDED", "the database did not answer in time").Because(cause)
}

func cancelled(cause error) error {
	if !errors.Is(cause, context.Canceled) {
		cause = fmt.Errorf("%w: %w", context.Canceled, cause)
	}
	return fault.New(fault.Cancelled, "CANCELLED", "the call was cancelled").Because(cause)
}
