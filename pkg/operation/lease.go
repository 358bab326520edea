package operation

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// progressEvery is how often a run that reports progress writes it down.
const progressEvery = time.Second

// lease is this process's claim to one operation while it runs. Every write goes
// through commit, which is what fences it.
type lease struct {
	m     *Manager
	id    string
	token int64
	ctx   context.Context // of the run; its cause is why the run has to stop
	stop  context.CancelCauseFunc

	// writing lets one write of this lease happen at a time, so that they do not
	// conflict with one another.
	writing sync.Mutex
	over    error     // set once the lease is no longer ours: lost, released or concluded
	until   time.Time // end of the lease as last written

	mu       sync.Mutex
	progress Progress
	reported bool // progress is newer than what is written
}

func newLease(ctx context.Context, m *Manager, r *record) *lease {
	l := &lease{m: m, id: r.ID, token: r.Token, until: r.DueAt, progress: r.Progress}
	l.ctx, l.stop = context.WithCancelCause(ctx)
	return l
}

// commit applies change to the operation if the lease is still ours, and renews it.
// change may be called more than once.
func (l *lease) commit(ctx context.Context, change func(*record)) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.over != nil {
		return l.over
	}
	progress := l.takeProgress()
	r, err := l.m.records.Update(ctx, l.id, func(r *record) error {
		if r.Token != l.token || r.Owner != l.m.owner || r.done() {
			return errLost
		}
		r.Progress = progress
		r.DueAt = l.m.now().Add(l.m.cfg.Lease)
		change(r)
		return nil
	})
	switch {
	case errors.Is(err, errLost), errors.Is(err, docstore.ErrNotFound):
		l.end(errLost)
		return errLost
	case err != nil:
		l.putBack()
		return err
	}
	l.until = r.DueAt
	if r.Owner == "" {
		l.end(errReleased)
	}
	if !r.CancelTime.IsZero() {
		l.stop(errCancelled)
	}
	l.m.changes.notify(l.id)
	return nil
}

// end gives the lease up in this process. The caller holds writing.
func (l *lease) end(cause error) {
	l.over = cause
	l.stop(cause)
}

// checkpoint saves the state and keeps the lease, or, when the process is
// stopping, saves the state and gives the lease up.
func (l *lease) checkpoint(ctx context.Context, state bson.Raw) error {
	if err := l.ctx.Err(); err != nil {
		return context.Cause(l.ctx)
	}
	closing := l.m.isClosing()
	err := l.commit(ctx, func(r *record) {
		if !bytes.Equal(r.State, state) {
			r.State = state
			r.Attempts = 1
			r.Failure = nil
		}
		if closing {
			release(r, l.m.now())
		}
	})
	if err != nil {
		return err
	}
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx)
	}
	return nil
}

// release lets another process go on at once. The attempt does not count: it was
// not the operation that failed.
func release(r *record, now time.Time) {
	r.Owner = ""
	r.DueAt = now
	r.Attempts = max(0, r.Attempts-1)
}

// keep renews the lease and writes reported progress until the run is over. It
// stops the run when the lease has run out in spite of it.
func (l *lease) keep(finished <-chan struct{}) {
	every := min(progressEvery, l.m.cfg.Lease/3)
	for {
		select {
		case <-finished:
			return
		case <-l.ctx.Done():
			return
		case <-l.m.cfg.Clock.After(every):
		}
		l.writing.Lock()
		left := l.until.Sub(l.m.now())
		l.writing.Unlock()
		// More is left than a lease where the clock was set back.
		if left > l.m.cfg.Lease*2/3 && left <= l.m.cfg.Lease && !l.hasReport() {
			continue
		}
		err := l.commit(l.ctx, func(*record) {})
		if err != nil && left <= 0 {
			// Nobody may have claimed it yet, but anybody may from now on.
			l.stop(errLost)
		}
	}
}

func (l *lease) report(p Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress, l.reported = p, true
}

func (l *lease) hasReport() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reported
}

func (l *lease) takeProgress() Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reported = false
	return l.progress
}

// putBack makes the progress that could not be written due again.
func (l *lease) putBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reported = true
}
