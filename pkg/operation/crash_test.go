package operation

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// The kind of the crash test folds its steps into a sum that depends on their
// order, and notes each step outside of the store.
type foldState struct {
	Next int   `bson:"next"`
	Sum  int64 `bson:"sum"`
}

type effects struct {
	mu     sync.Mutex
	steps  []int
	onStep func(step int)
}

func (e *effects) note(step int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.steps = append(e.steps, step)
	e.onStep(step)
}

func (e *effects) fold(n int) Kind[*wrapperspb.StringValue, foldState] {
	return Kind[*wrapperspb.StringValue, foldState]{
		Run: func(ctx context.Context, r *Run[*wrapperspb.StringValue, foldState]) (proto.Message, error) {
			for r.State.Next < n {
				e.note(r.State.Next)
				next := foldState{r.State.Next + 1, foldStep(r.State.Sum, r.State.Next)}
				if err := r.Checkpoint(ctx, next); err != nil {
					return nil, err
				}
			}
			return wrapperspb.Int64(r.State.Sum), nil
		},
	}
}

func foldStep(sum int64, i int) int64 { return sum*31 + int64(i) + 7 }

// A process dies at any of its calls to the store, before the call or after it but
// without learning of the outcome, or is stopped in good order; and the next one
// goes on. The steps happen in order, none is left out, only the step at which it
// died is repeated, and the result is that of an uninterrupted run.
func TestDyingAnywhereChangesNothing(t *testing.T) {
	e, clock, round := openPebble(t, vfs.NewMem()), newClock(), 0
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 8).Draw(rt, "steps")
		round++
		id := fmt.Sprintf("round-%d", round)
		seen := new(effects)
		for life := 0; ; life++ {
			w, closeAt := newWire(e), -1
			if life < 12 {
				w.dieAt = rapid.IntRange(0, 30).Draw(rt, "dies at call")
				w.lost = rapid.Bool().Draw(rt, "the last call is performed")
				closeAt = rapid.IntRange(-3, n).Draw(rt, "is stopped at step")
			}
			if live(t, w, clock, seen, id, n, closeAt) {
				break
			}
			clock.advance(testLease + time.Minute) // longer than any pause between attempts
		}
		want := int64(0)
		for i := range n {
			want = foldStep(want, i)
		}
		m := foldManager(t, e, clock, seen, n)
		if got := result(t, get(t, m, "operations/test/"+id)); got != want {
			rt.Errorf("result %d, want %d", got, want)
		}
		last := -1
		for _, step := range seen.steps {
			if step != last && step != last+1 {
				rt.Fatalf("steps out of order: %v", seen.steps)
			}
			last = step
		}
		if last != n-1 {
			rt.Errorf("steps %v, want up to %d", seen.steps, n-1)
		}
	})
}

// A machine that loses its power in the middle of a run: whatever was acknowledged
// is on the disk, and the operation goes on from there.
func TestPowerLoss(t *testing.T) {
	fs, clock := vfs.NewCrashableMem(), newClock()
	stuck, free := make(chan struct{}), make(chan struct{})
	m := newTestManager(t, openPebble(t, fs), clock, countTo(5, func(_ context.Context, i int) {
		if i == 3 {
			close(stuck)
			<-free
		}
	}))
	serve(t, m)
	name := start(t, m, "", "a").GetName()
	recv(t, stuck, "three checkpoints")
	disk := fs.CrashClone(vfs.CrashCloneCfg{})
	close(free)

	var steps []int
	next := newTestManager(t, openPebble(t, disk), clock, countTo(5, func(_ context.Context, i int) { steps = append(steps, i) }))
	clock.advance(testLease)
	serve(t, next)
	if got := result(t, await(t, next, name)); got != 5 || !slices.Equal(steps, []int{3, 4}) {
		t.Errorf("result %d after steps %v, want 5 after 3 and 4", got, steps)
	}
}

func foldManager(t *testing.T, e docstore.Engine, clock Clock, seen *effects, n int) *Manager {
	t.Helper()
	m := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) { return 0, nil })
	m.cfg.MaxAttempts = 1000
	if err := Register(m, "fold", seen.fold(n)); err != nil {
		t.Fatal(err)
	}
	return m
}

// live is one process's life. It tells whether the operation was seen done.
func live(t *testing.T, w *wire, clock *fakeClock, seen *effects, id string, n, closeAt int) (done bool) {
	t.Helper()
	m := foldManager(t, w, clock, seen, n)
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	seen.onStep = func(step int) {
		if step == closeAt {
			go func() { _ = m.Close(ctx) }()
			<-m.closing
		}
	}
	if _, err := m.Start(ctx, "fold", Start{ID: id, Request: word("a")}); err != nil {
		return false // it died over it
	}
	served, waited := make(chan error, 1), make(chan bool, 1)
	go func() { served <- m.Serve(ctx) }()
	go func() {
		op, err := m.Wait(ctx, "operations/test/"+id, -1)
		waited <- err == nil && op.GetDone()
	}()
	select {
	case done = <-waited:
	case <-w.dead:
	}
	kill()
	if err := <-served; err != nil {
		t.Error(err)
	}
	return done
}
