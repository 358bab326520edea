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
	var answer mongo.ServerError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return docstore.ErrNotFound
	case errors.Is(err, driver.ErrDocumentTooLarge):
		return docstore.ErrTooLarge
	case errors.Is(ctx.Err(), context.Canceled):
		return docstore.Fault(caused(context.Canceled, err))
	case errors.As(err, &topology.ServerSelectionError{}): // even if ctx ended first: nobody was there to ask
		return unavailable(err)
	case ctx.Err() == nil && errors.As(err, &topology.WaitQueueTimeoutError{}): // no connection came about
		return unavailable(err)
	case ctx.Err() != nil, mongo.IsTimeout(err):
		return late(err)
	case disconnected(err):
		return unavailable(err)
	case errors.As(err, &answer):
		return ofCode(err, mongo.ErrorCodes(err)...)
	}
	return fmt.Errorf("mongodb: %w", err)
}

// disconnected reports whether the connection was lost or not to be had.
func disconnected(err error) bool {
	var pool driver.RetryablePoolError // the pool was emptied when another operation lost its connection
	return mongo.IsNetworkError(err) ||
		errors.As(err, &pool) ||
		errors.As(err, &topology.ConnectionError{}) ||
		errors.Is(err, mongo.ErrClientDisconnected) ||
		errors.Is(err, topology.ErrPoolClosed) ||
		errors.Is(err, topology.ErrServerClosed)
}

// ofCode is the error for an answer with one of these codes.
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

func late(cause error) error { return docstore.Fault(caused(context.DeadlineExceeded, cause)) }

// caused makes err say that kind is behind it, for errors.Is.
func caused(kind, err error) error {
	if errors.Is(err, kind) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}
