// Package peers reads what the services beside profile know of customers.
package peers

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/fault"
)

// maxMessage is the largest message taken, in bytes: an advocate, or a customer's
// orders, are never split.
const maxMessage = 64 << 20

var errSilent = errors.New("silent for too long")

// received yields the messages of a stream. One that is silent for longer than
// patience is given up: UNAVAILABLE, PEER_UNAVAILABLE.
func received[M any](ctx context.Context, peer string, patience time.Duration, open func(context.Context) (grpc.ServerStreamingClient[M], error)) iter.Seq2[*M, error] {
	return func(yield func(*M, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		silence := time.AfterFunc(patience, func() { cancel(errSilent) })
		defer silence.Stop()
		told := func(err error) error {
			if errors.Is(context.Cause(ctx), errSilent) {
				return fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "%s has stopped sending", peer).With("peer", peer)
			}
			return err
		}
		stream, err := open(ctx)
		if err != nil {
			yield(nil, told(err))
			return
		}
		for {
			silence.Reset(patience)
			message, err := stream.Recv()
			silence.Stop()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, told(err))
				return
			}
			if !yield(message, nil) {
				return
			}
		}
	}
}
