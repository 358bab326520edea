package app_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// stateless is the state of an operation that has just begun.
var stateless app.State

var errGone = fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the process is gone")

// wire is a process's connection to an engine. It dies with a given call: that
// call is performed or not, and it and all later ones are not answered.
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

func (t *wireTable) Get(ctx context.Context, id string) (bson.Raw, error) {
	if _, ok := t.wire.call(); !ok {
		return nil, errGone
	}
	return t.Table.Get(ctx, id)
}

func (t *wireTable) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	if _, ok := t.wire.call(); !ok {
		return nil, errGone
	}
	return t.Table.GetMany(ctx, ids)
}

func (t *wireTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	perform, answer := t.wire.call()
	if !perform {
		return nil, errGone
	}
	if !answer { // a batch that breaks off leaves any part of it
		writes = writes[:(len(writes)+1)/2]
	}
	errs, err := t.Table.Write(ctx, writes)
	if !answer {
		return nil, errGone
	}
	return errs, err
}

func (t *wireTable) Scan(ctx context.Context, r docstore.Range) iter.Seq2[docstore.Entry, error] {
	if _, ok := t.wire.call(); !ok {
		return func(yield func(docstore.Entry, error) bool) { yield(docstore.Entry{}, errGone) }
	}
	return t.Table.Scan(ctx, r)
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
	if !answer { // one that breaks off leaves any part of it
		ids = ids[:(len(ids)+1)/2]
	}
	if err := t.Table.Erase(ctx, ids); answer || err != nil {
		return err
	}
	return errGone
}

func (t *wireTable) Count(ctx context.Context, r docstore.Range) (int64, error) {
	if _, ok := t.wire.call(); !ok {
		return 0, errGone
	}
	return t.Table.Count(ctx, r)
}

// outcome is what a shop sees of its segments, times and generations aside.
func outcome(t fataler, w *world, segments []string) map[string]any {
	seen := map[string]any{}
	for _, id := range segments {
		members := w.members(t, id)
		in := map[string]bool{}
		for _, m := range members {
			in[m.Customer] = true
		}
		since := replay(t, w.transitions(t, id))
		if len(since) != len(members) {
			t.Fatalf("segment %s: the transitions lead to %d members, want %d", id, len(since), len(members))
		}
		var moves []domain.Transition
		for _, move := range w.transitions(t, id) {
			moves = append(moves, domain.Transition{Customer: move.Customer, Left: move.Left})
		}
		s := w.segment(t, id)
		seen[id] = []any{in, moves, s.Formed.Members, s.Failure, s.State}
	}
	return seen
}

// A recomputation whose process dies at any of its calls of the store, again and
// again, comes to the same in the end as one that is left alone, and until then
// each segment shows the pass before.
func TestCrashedPassesGoOn(t *testing.T) {
	onEveryEngine(t, func(t *rapid.T, e docstore.Engine) {
		other := memory(t)
		defer closeEngine(t, other)
		b, c := newBase(), newClock()
		calm, stormy := newWorld(t, other, b, c), newWorld(t, e, b, c)
		segments := []string{"s", "t"}
		for _, id := range segments {
			d := rapid.SampledFrom(definitions).Draw(t, "definition")
			calm.create(t, id, d.Definition)
			stormy.create(t, id, d.Definition)
		}
		for range 2 {
			shift(t, b)
			shift(t, b)
			before := outcome(t, stormy, segments)
			want := calm.form(t, true, segments...)
			after := outcome(t, calm, segments)
			got := stormy.formInStorm(t, e, stormy.job(true, segments...), func() {
				for id, now := range outcome(t, stormy, segments) {
					if !reflect.DeepEqual(now, before[id]) && !reflect.DeepEqual(now, after[id]) {
						t.Fatalf("segment %s shows %v, neither %v nor %v", id, now, before[id], after[id])
					}
				}
			})
			if got.Customers != want.Customers || got.Entered != want.Entered || got.Left != want.Left {
				t.Fatalf("crashed: %d customers, %d entered, %d left; left alone: %d, %d, %d",
					got.Customers, got.Entered, got.Left, want.Customers, want.Entered, want.Left)
			}
			if now := outcome(t, stormy, segments); !reflect.DeepEqual(now, after) {
				t.Fatalf("crashed: %v; left alone: %v", now, after)
			}
		}
		stormy.checkSwept(t, e, segments)
	})
}

// formInStorm runs a job in one process after another, each of which dies after
// some calls, and calls check after each death.
func (w *world) formInStorm(t *rapid.T, e docstore.Engine, job app.Job, check func()) app.Result {
	j := &journal{}
	for deaths := 0; ; deaths++ {
		process := &wire{Engine: e, perform: rapid.Bool().Draw(t, "last call is performed")}
		if deaths < 6 {
			process.dieAt = rapid.IntRange(1, 80).Draw(t, "calls until death")
		}
		result, err := newWorld(t, process, w.base, w.clock).Recompute(context.Background(), job, j.state(t), j)
		if err == nil {
			return result
		}
		if !errors.Is(err, errGone) {
			t.Fatalf("%v", err)
		}
		check()
	}
}

// row is any document.
type row struct {
	docstore.Meta `bson:",inline"`
}

func rows(t fataler, e docstore.Engine, table string) int64 {
	t.Helper()
	docs, err := docstore.Open(context.Background(), e, docstore.Schema[row]{Name: table})
	must(t, err)
	n, err := docs.Count(context.Background(), docstore.Range{})
	must(t, err)
	return n
}

// checkSwept sweeps when nobody can read superseded passes any more, with every
// operation over, and checks that nothing is left but what can be read.
func (w *world) checkSwept(t fataler, e docstore.Engine, segments []string) {
	t.Helper()
	before := outcome(t, w, segments)
	over := func(context.Context, string) (bool, error) { return true, nil }
	for range 2 { // the first may only mark what the second removes
		must(t, w.Sweep(context.Background(), over))
		w.clock.advance(keep + time.Hour)
	}
	must(t, w.Sweep(context.Background(), over))
	if after := outcome(t, w, segments); !reflect.DeepEqual(before, after) {
		t.Fatalf("sweeping changed %v to %v", before, after)
	}
	var members, moves int64
	for _, id := range segments {
		members += w.segment(t, id).Formed.Members
		moves += int64(len(w.transitions(t, id)))
	}
	if n := rows(t, e, "memberships"); n != members {
		t.Fatalf("%d memberships are stored, %d can be read", n, members)
	}
	if n := rows(t, e, "transitions"); n != moves {
		t.Fatalf("%d transitions are stored, %d can be read", n, moves)
	}
}
