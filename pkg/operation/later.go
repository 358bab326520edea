package operation

import (
	"errors"
	"time"
)

// later is the error of a run that has to wait.
type later struct{ pause time.Duration }

func (l later) Error() string { return "to go on in " + l.pause.String() }

// Later is what a run returns that has to wait for something else: it goes on from
// the last checkpoint after a pause, of a minute at most, and a worker is free meanwhile. It may do so
// as often as it likes: it does not count as an attempt.
func Later(pause time.Duration) error { return later{min(pause, maxPause)} }

func isLater(err error) bool { return errors.As(err, new(later)) }

// postpone puts an operation off as an error of its run asks for, or ends it where
// its cancellation was asked for.
func (m *Manager) postpone(r *record, err error) {
	var by later
	if !errors.As(err, &by) || !r.CancelTime.IsZero() {
		m.fail(r, errCancelled)
		return
	}
	release(r, m.now().Add(by.pause))
}
