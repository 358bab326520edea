package operation

import (
	"context"
	"sync"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/pkg/fault"
)

// hub wakes those who wait for a change that this process makes. The changes of
// other processes they find by polling.
type hub struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]struct{} // by operation id
}

// subscribe returns a channel that receives after a change, and how to end it.
// Changes that follow one another quickly are received as one.
func (h *hub) subscribe(id string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting = make(map[string]map[chan struct{}]struct{})
	}
	if h.waiting[id] == nil {
		h.waiting[id] = make(map[chan struct{}]struct{})
	}
	h.waiting[id][c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting[id], c)
		if len(h.waiting[id]) == 0 {
			delete(h.waiting, id)
		}
	}
}

func (h *hub) notify(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.waiting[id] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Wait returns the operation once it is done, or as it is when timeout is over,
// shortly before ctx's deadline, or when the process is stopping. A negative
// timeout waits as long as ctx allows.
func (m *Manager) Wait(ctx context.Context, name string, timeout time.Duration) (*longrunningpb.Operation, error) {
	id, err := m.parse(name)
	if err != nil {
		return nil, err
	}
	var expired <-chan time.Time
	if timeout >= 0 {
		expired = m.cfg.Clock.After(timeout)
	}
	patience, cancel := shortOfDeadline(ctx)
	defer cancel()
	changed, unsubscribe := m.changes.subscribe(id)
	defer unsubscribe()
	for {
		r, err := m.record(ctx, id)
		if err != nil {
			return nil, err
		}
		if r.done() {
			return m.message(r)
		}
		select {
		case <-changed:
		case <-m.cfg.Clock.After(m.cfg.Poll):
		case <-expired:
			return m.message(r)
		case <-m.closing:
			return m.message(r)
		case <-patience.Done():
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return m.message(r)
		}
	}
}

// shortOfDeadline leaves time to answer: a caller whose deadline passes gets an
// error in place of the state.
func shortOfDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(100*time.Millisecond, time.Until(deadline)/10)))
}

// Watch sends the operation now and whenever what callers see of it has changed,
// until it is done. Changes that follow one another quickly are sent as one. It ends with the first error of
// send, with ctx's, or with a fault Unavailable when the process is stopping.
func (m *Manager) Watch(ctx context.Context, name string, send func(*longrunningpb.Operation) error) error {
	id, err := m.parse(name)
	if err != nil {
		return err
	}
	changed, unsubscribe := m.changes.subscribe(id)
	defer unsubscribe()
	var sent *longrunningpb.Operation
	for {
		r, err := m.record(ctx, id)
		if err != nil {
			return err
		}
		op, err := m.message(r)
		if err != nil {
			return err
		}
		if !proto.Equal(op, sent) { // a renewed lease, say, is nothing to see
			if err := send(op); err != nil {
				return err
			}
			sent = op
		}
		if r.done() {
			return nil
		}
		select {
		case <-changed:
		case <-m.cfg.Clock.After(m.cfg.Poll):
		case <-m.closing:
			return fault.New(fault.Unavailable, "SERVER_STOPPING", "the server is stopping; watch the operation again")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
