package operation

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Neither what a process that died had leased, nor what waited, is waited for as long
// as the clock was ahead.
func testClockSetBackHoldsNothingUp(t *testing.T, e docstore.Engine) {
	clock, w := newClock(), newWire(e)
	stuck, free := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(free) })
	defer release()
	dying := newTestManager(t, w, clock, countTo(3, func(_ context.Context, i int) {
		if i == 1 {
			close(stuck)
			<-free
		}
	}))
	stop := serve(t, dying)
	leased := start(t, dying, "leased", "a").GetName()
	recv(t, stuck, "a checkpoint")
	w.setCut(true)
	next := newTestManager(t, e, clock, countTo(3, func(context.Context, int) {}))
	waiting := start(t, next, "waiting", "b").GetName()

	clock.setBack(time.Hour)
	begun := clock.Now()
	serve(t, next)
	for _, name := range []string{waiting, leased} {
		eventually(t, clock, time.Second, name+" is done", func() bool { return get(t, next, name).GetDone() })
	}
	if took := clock.Now().Sub(begun); took > 3*testLease {
		t.Errorf("it took %s, a lease is %s", took, testLease)
	}
	release()
	stop()
}

// A run that lives keeps its lease through it.
func testClockSetBackLosesNoLease(t *testing.T, e docstore.Engine) {
	clock := newClock()
	entered, free := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(free) })
	defer release()
	run := func(ctx context.Context, _ *testRun) (int64, error) {
		close(entered)
		<-free
		return 1, ctx.Err()
	}
	m, other := newTestManager(t, e, clock, run), newTestManager(t, e, clock, run)
	serve(t, m)
	name := start(t, m, "", "a").GetName()
	recv(t, entered, "the operation runs")
	clock.setBack(time.Hour)
	serve(t, other)
	for until := clock.Now().Add(4 * testLease); clock.Now().Before(until); {
		clock.advance(testLease / 2)
		eventually(t, clock, 100*time.Millisecond, "the lease is renewed", func() bool {
			left := stored(t, m, name).DueAt.Sub(clock.Now())
			return left > testLease*2/3 && left <= testLease
		})
	}
	release()
	if got := result(t, await(t, m, name)); got != 1 {
		t.Errorf("response %d, want 1", got)
	}
	if r := stored(t, m, name); r.Token != 1 {
		t.Errorf("claimed %d times", r.Token)
	}
}
