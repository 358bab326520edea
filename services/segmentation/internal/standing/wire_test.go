package standing_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

var errGone = fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the process is gone")

// wire is a process's connection to an engine. It dies with a given call: that call
// is performed or not, and it and all later ones are not answered.
type wire struct {
	docstore.Engine
	mu      sync.Mutex
	calls   int
	dieAt   int // 0 is never
	perform bool
}

func (w *wire) Table(ctx context.Context, l docstore.Layout) (docstore.Table, error) {
	t, err := w.Engine.Table(ctx, l)
	return &wireTable{t, w}, err
}

func (w *wire) call() (perform, answer bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dieAt > 0 && w.calls >= w.dieAt {
		return false, false
	}
	w.calls++
	if w.calls == w.dieAt {
		return w.perform, false
	}
	return true, true
}

type wireTable struct {
	docstore.Table
	wire *wire
}

func (t *wireTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	perform, answer := t.wire.call()
	if !perform {
		return nil, errGone
	}
	if !answer { // one that breaks off leaves any part of it
		writes = writes[:(len(writes)+1)/2]
	}
	errs, err := t.Table.Write(ctx, writes)
	if !answer {
		return nil, errGone
	}
	return errs, err
}

func (t *wireTable) Get(ctx context.Context, id string) (bson.Raw, error) {
	if t.wire.dead() {
		return nil, errGone
	}
	return t.Table.Get(ctx, id)
}

func (t *wireTable) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	if t.wire.dead() {
		return nil, errGone
	}
	return t.Table.GetMany(ctx, ids)
}

func (t *wireTable) Scan(ctx context.Context, r docstore.Range) iter.Seq2[docstore.Entry, error] {
	if t.wire.dead() {
		return func(yield func(docstore.Entry, error) bool) { yield(docstore.Entry{}, errGone) }
	}
	return t.Table.Scan(ctx, r)
}

// dead tells whether nothing is answered any more.
func (w *wire) dead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dieAt > 0 && w.calls >= w.dieAt
}

func (t *wireTable) Purge(ctx context.Context, r docstore.Range) error {
	perform, answer := t.wire.call()
	if !perform {
		return errGone
	}
	if err := t.Table.Purge(ctx, r); answer || err != nil {
		return err
	}
	return errGone
}

func (t *wireTable) Erase(ctx context.Context, ids []string) error {
	perform, answer := t.wire.call()
	if !perform {
		return errGone
	}
	if !answer {
		ids = ids[:(len(ids)+1)/2]
	}
	if err := t.Table.Erase(ctx, ids); answer || err != nil {
		return err
	}
	return errGone
}

// stormyRound is a round of a process that dies after some writes, and one of another.
func (w *world) stormyRound(t fataler, dieAt int, perform bool) (died bool) {
	t.Helper()
	w.clock.advance(time.Minute) // the lease of the process before has run out
	line := &wire{Engine: w.engine}
	dying := newWorld(t, line, w.clock)
	line.mu.Lock()
	line.calls, line.dieAt, line.perform = 0, dieAt, perform
	line.mu.Unlock()
	err := dying.worker.Round(context.Background())
	if err != nil && !errors.Is(err, errGone) && fault.ReasonOf(err) != "STORE_UNAVAILABLE" {
		t.Fatalf("a dying round: %v", err)
	}
	return err != nil
}
