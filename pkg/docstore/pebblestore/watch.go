package pebblestore

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// watch stands between Pebble and the process: it quiets Pebble's chatter, and
// turns what Pebble holds to be fatal into a lasting failure of the engine.
type watch struct {
	log    *slog.Logger
	once   sync.Once
	failed chan struct{} // closed by the first failure
	cause  error         // set before failed is closed
}

func newWatch(dir string, log *slog.Logger) *watch {
	if log == nil {
		log = slog.Default()
	}
	return &watch{log: log.With("store", dir), failed: make(chan struct{})}
}

// fail makes the engine unavailable for good.
func (w *watch) fail(cause error) {
	w.once.Do(func() {
		w.log.Error("store failed; restart to recover", "error", cause)
		w.cause = cause
		close(w.failed)
	})
}

// failure is the fault of every call after a failure, nil before one.
func (w *watch) failure() error {
	select {
	case <-w.failed:
		return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store has failed and needs a restart").Because(w.cause)
	default:
		return nil
	}
}

// guard runs f on a goroutine of its own, so that neither a stalled disk nor
// Pebble giving up can take the caller with it. When ctx ends or the engine
// fails first, f goes on unobserved, its outcome unknown.
func (w *watch) guard(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() {
		finished := false
		defer func() {
			if cause := recover(); cause != nil {
				w.fail(fmt.Errorf("pebble gave up: %v", cause))
			}
			if !finished {
				done <- w.failure()
			}
		}()
		err := f()
		finished = true
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return docstore.Fault(ctx.Err())
	case <-w.failed:
		return w.failure()
	}
}

// Infof drops what Pebble tells of its daily work.
func (w *watch) Infof(string, ...any) {}

// Errorf logs what Pebble could not do and will try again.
func (w *watch) Errorf(format string, args ...any) {
	w.log.Warn("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf is called where Pebble cannot go on, and must not return. It ends the
// goroutine, whose locks are released on the way, so that readers are not held
// up. Calls of ours that may come here are run by guard.
func (w *watch) Fatalf(format string, args ...any) {
	w.fail(fmt.Errorf("pebble: "+format, args...))
	runtime.Goexit()
}

func (w *watch) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) { w.log.Error("pebble: background work failed", "error", err) },
		// The reader of the damaged block gets the error as well.
		DataCorruption: func(info pebble.DataCorruptionInfo) { w.log.Error("pebble: data corruption", "info", info.String()) },
	}
}
