package operation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Serve claims and runs operations until ctx ends or Close is called. When ctx
// ends, running operations are stopped where they are and go on from their last
// checkpoint, in whichever process serves the store next. It returns when no run
// is left, with an error only if it was called twice.
func (m *Manager) Serve(ctx context.Context) error {
	ctx, abort := context.WithCancel(ctx)
	defer abort()
	stopped := make(chan struct{})
	m.mu.Lock()
	if m.stopped != nil {
		m.mu.Unlock()
		return errors.New("operation: Serve was called twice")
	}
	m.stopped, m.abort = stopped, abort
	m.mu.Unlock()
	defer close(stopped)

	var runs sync.WaitGroup
	defer runs.Wait()
	runs.Go(func() { m.sweepRegularly(ctx) })
	runs.Go(func() { m.recallRegularly(ctx) })
	slots := make(chan struct{}, m.cfg.Parallel)
	for {
		select {
		case slots <- struct{}{}:
		case <-m.closing:
			return nil
		case <-ctx.Done():
			return nil
		}
		if m.isClosing() || ctx.Err() != nil {
			return nil
		}
		if k, r := m.claimLogged(ctx); r != nil {
			runs.Go(func() {
				m.execute(ctx, k, r)
				<-slots
			})
			continue
		}
		<-slots
		select {
		case <-m.wake:
		case <-m.cfg.Clock.After(m.cfg.Poll):
		case <-m.closing:
		case <-ctx.Done():
		}
	}
}

// claimBatch is how many due operations are looked at together: where several
// processes are after the same ones, the next is taken.
const claimBatch = 8

func (m *Manager) claimLogged(ctx context.Context) (*kind, *record) {
	k, r, err := m.claim(ctx)
	if err != nil && ctx.Err() == nil {
		m.cfg.Logger.WarnContext(ctx, "operations cannot be claimed", "service", m.cfg.Service, "error", err)
	}
	return k, r
}

// claim takes the operation that is due for longest, of the first kind that has
// one; the kinds take turns at being first. It returns nil when nothing is due.
func (m *Manager) claim(ctx context.Context) (*kind, *record, error) {
	for _, k := range m.takeTurns() {
		due, _, err := m.records.Page(ctx, docstore.Range{
			Index: byDue,
			From:  docstore.Key(docstore.String(k.name)),
			To:    dueKey(k.name, m.now().Add(time.Millisecond)),
			Limit: claimBatch,
		})
		if err != nil {
			return nil, nil, err
		}
		for _, r := range due {
			switch claimed, err := m.take(ctx, r); {
			case errors.Is(err, docstore.ErrConflict), errors.Is(err, docstore.ErrNotFound):
				continue // another process was faster
			case err != nil:
				return nil, nil, err
			case claimed:
				return k, r, nil
			}
		}
	}
	return nil, nil, nil
}

// takeTurns returns the kinds, beginning with another one at each call.
func (m *Manager) takeTurns() []*kind {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kinds) > 1 {
		m.kinds = append(m.kinds[1:len(m.kinds):len(m.kinds)], m.kinds[0])
	}
	return m.kinds
}

// take leases a due operation, or concludes it where there is nothing left to run.
// The index only led to it: that it is due is what the document itself says, in the
// version that is then replaced.
func (m *Manager) take(ctx context.Context, r *record) (claimed bool, err error) {
	switch {
	case r.done() || r.DueAt.After(m.now()):
		return false, nil
	case !r.CancelTime.IsZero():
		m.fail(r, errCancelled)
	case r.Attempts >= m.cfg.MaxAttempts:
		m.abandon(r)
	default:
		r.Token++
		r.Attempts++
		r.Owner = m.owner
		r.DueAt = m.now().Add(m.cfg.Lease)
		claimed = true
	}
	if err := m.records.Replace(ctx, r); err != nil {
		return false, err
	}
	m.changes.notify(r.ID)
	return claimed, nil
}

// execute runs a claimed operation and concludes it.
func (m *Manager) execute(ctx context.Context, k *kind, r *record) {
	l := newLease(ctx, m, r)
	defer l.stop(nil)
	m.mu.Lock()
	m.leases[r.ID] = l
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.leases[r.ID] == l { // not yet claimed anew
			delete(m.leases, r.ID)
		}
	}()

	finished := make(chan struct{})
	var keeper sync.WaitGroup
	keeper.Go(func() { l.keep(finished) })
	response, err := runSafely(k, l, r)
	close(finished)
	keeper.Wait()
	m.conclude(l, response, err)
}

// panicked is the error of a run that panicked.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }
