package peers

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

var errSilent = errors.New("silent for too long")

// watch ends the streams of a context when one that is waited for stays silent.
// It is for use by one goroutine.
type watch struct {
	ctx      context.Context
	patience time.Duration
	timer    *time.Timer
}

func newWatch(ctx context.Context, patience time.Duration) (*watch, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{ctx: ctx, patience: patience, timer: time.AfterFunc(patience, func() { cancel(errSilent) })}
	w.timer.Stop()
	return w, func() {
		w.timer.Stop()
		cancel(nil)
	}
}

// over waits for a stream, and says of which peer nothing more has come.
func over[T any](w *watch, peer string, receive func() (T, error)) (T, error) {
	w.timer.Reset(w.patience)
	got, err := receive()
	w.timer.Stop()
	if err != nil && errors.Is(context.Cause(w.ctx), errSilent) {
		err = fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "%s has stopped sending", peer).With("peer", peer)
	}
	return got, err
}
