package operation

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// countTo makes a run that counts in checkpoints and calls step before each.
func countTo(n int, step func(ctx context.Context, i int)) func(context.Context, *testRun) (int64, error) {
	return func(ctx context.Context, r *testRun) (int64, error) {
		for r.State < n {
			step(ctx, r.State)
			if err := r.Checkpoint(ctx, r.State+1); err != nil {
				return 0, err
			}
		}
		return int64(r.State), nil
	}
}

func testResumesAfterCrash(t *testing.T, e docstore.Engine) {
	clock, w := newClock(), newWire(e)
	stuck, free := make(chan struct{}), make(chan struct{})
	crashing := newTestManager(t, w, clock, countTo(6, func(_ context.Context, i int) {
		if i == 3 {
			close(stuck)
			<-free
		}
	}))
	stop := serve(t, crashing)
	name := start(t, crashing, "", "a").GetName()
	recv(t, stuck, "three checkpoints")
	w.setCut(true) // the process is gone: no renewal, no farewell

	var steps []int
	next := newTestManager(t, e, clock, countTo(6, func(_ context.Context, i int) { steps = append(steps, i) }))
	serve(t, next)
	clock.advance(testLease / 2)
	if r := stored(t, next, name); r.Owner != crashing.owner {
		t.Fatalf("taken over before the lease was over")
	}
	eventually(t, clock, time.Second, "the operation is taken over", func() bool { return get(t, next, name).GetDone() })
	if got := result(t, get(t, next, name)); got != 6 {
		t.Errorf("response %d, want 6", got)
	}
	if len(steps) != 3 || steps[0] != 3 || steps[2] != 5 {
		t.Errorf("went on with steps %v, want 3 4 5", steps)
	}
	close(free)
	stop()
}

// A run that was cut off and comes back after another has taken over can commit
// neither a checkpoint nor a result.
func testLostLeaseCommitsNothing(t *testing.T, e docstore.Engine) {
	clock, w := newClock(), newWire(e)
	stuck, free := make(chan struct{}), make(chan struct{})
	refused := make(chan error, 1)
	cause := make(chan error, 1)
	slow := newTestManager(t, w, clock, func(ctx context.Context, r *testRun) (int64, error) {
		if err := r.Checkpoint(ctx, 1); err != nil {
			return 0, err
		}
		close(stuck)
		<-free
		// Even a run that goes by no context is fenced off.
		refused <- r.Checkpoint(context.WithoutCancel(ctx), 1000)
		cause <- context.Cause(ctx)
		return 1000, nil
	})
	stop := serve(t, slow)
	name := start(t, slow, "", "a").GetName()
	recv(t, stuck, "a checkpoint")
	w.setCut(true)

	committed, finish := make(chan int64, 1), make(chan struct{})
	next := newTestManager(t, e, clock, func(ctx context.Context, r *testRun) (int64, error) {
		if err := r.Checkpoint(ctx, r.State+1); err != nil {
			return 0, err
		}
		committed <- r.Token()
		<-finish
		return int64(r.State), nil
	})
	serve(t, next)
	eventually(t, clock, time.Second, "the operation is taken over", func() bool { return stored(t, next, name).Owner == next.owner })
	if token := recv(t, committed, "a checkpoint of the second run"); token != 2 {
		t.Errorf("second run has token %d, want 2", token)
	}
	w.setCut(false)
	close(free)
	if err := recv(t, refused, "the first run's checkpoint"); !errors.Is(err, errLost) {
		t.Errorf("first run's checkpoint: %v, want %v", err, errLost)
	}
	if err := recv(t, cause, "the first run's context"); !errors.Is(err, errLost) {
		t.Errorf("first run's context ended by %v", err)
	}
	stop()
	if r := stored(t, next, name); r.done() || stateOf(t, r) != 2 || r.Owner != next.owner {
		t.Errorf("the first run left its mark: %+v", r)
	}
	close(finish)
	if got := result(t, await(t, next, name)); got != 2 {
		t.Errorf("response %d, want 2", got)
	}
}

// The fence alone, without clocks and contexts in between: of two holders of leases
// to one operation, only the later one's writes count.
func testFenceBetweenTwoManagers(t *testing.T, e docstore.Engine) {
	clock := newClock()
	nothing := func(context.Context, *testRun) (int64, error) { return 0, nil }
	a, b := newTestManager(t, e, clock, nothing), newTestManager(t, e, clock, nothing)
	name := start(t, a, "", "a").GetName()
	hold := func(m *Manager) *lease {
		_, r, err := m.claim(t.Context())
		if err != nil || r == nil {
			t.Fatalf("claim: %v, %v", r, err)
		}
		return newLease(t.Context(), m, r)
	}
	first := hold(a)
	if _, r, err := b.claim(t.Context()); r != nil || err != nil {
		t.Fatalf("claimed twice: %v, %v", r, err)
	}
	clock.advance(testLease)
	second := hold(b)
	errs := make(chan error, 2)
	go func() { errs <- first.commit(t.Context(), func(r *record) { r.Progress.Done = 1 }) }()
	go func() { errs <- second.commit(t.Context(), func(r *record) { r.Progress.Done = 2 }) }()
	lost := 0
	for range 2 {
		if err := recv(t, errs, "a commit"); errors.Is(err, errLost) {
			lost++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if r := stored(t, b, name); lost != 1 || r.Progress.Done != 2 || r.Token != 2 {
		t.Errorf("%d lost; stored progress %d with token %d", lost, r.Progress.Done, r.Token)
	}
	// The same process claims again: its own earlier lease is fenced off as well.
	clock.advance(testLease)
	third := hold(b)
	if err := second.commit(t.Context(), func(*record) {}); !errors.Is(err, errLost) {
		t.Errorf("earlier lease of the same manager: %v", err)
	}
	if err := third.commit(t.Context(), func(*record) {}); err != nil {
		t.Error(err)
	}
}

// Several processes after the same operations: each is claimed by one of them.
func testEachIsClaimedOnce(t *testing.T, e docstore.Engine) {
	clock := newClock()
	var runs atomic.Int64
	managers := make([]*Manager, 4)
	for i := range managers {
		managers[i] = newTestManager(t, e, clock, countTo(3, func(context.Context, int) { runs.Add(1) }))
	}
	for _, id := range ids(40) {
		start(t, managers[0], id, "a")
	}
	for _, m := range managers {
		serve(t, m)
	}
	eventually(t, clock, time.Millisecond, "all are done", func() bool {
		open, err := managers[0].records.Count(t.Context(), docstore.Range{Index: byDue})
		if err != nil {
			t.Fatal(err)
		}
		return open == 0
	})
	if runs.Load() != 3*40 {
		t.Errorf("%d steps of 40 operations of 3", runs.Load())
	}
	for _, id := range ids(40) {
		if r := stored(t, managers[0], "operations/test/"+id); r.Token != 1 || len(r.Failure) > 0 {
			t.Errorf("%s: claimed %d times", id, r.Token)
		}
	}
}

func testCloseHandsOver(t *testing.T, e docstore.Engine) {
	clock := newClock()
	stuck, free := make(chan struct{}), make(chan struct{})
	m := newTestManager(t, e, clock, countTo(4, func(_ context.Context, i int) {
		if i == 1 {
			close(stuck)
			<-free
		}
	}))
	stop := serve(t, m)
	name := start(t, m, "", "a").GetName()
	recv(t, stuck, "a checkpoint")
	closed := make(chan error, 1)
	go func() { closed <- m.Close(t.Context()) }()
	<-m.closing
	close(free)
	if err := recv(t, closed, "Close"); err != nil {
		t.Fatal(err)
	}
	stop()
	r := stored(t, m, name)
	if r.Owner != "" || r.done() || stateOf(t, r) != 2 {
		t.Errorf("left with owner %q and state %d, want none and 2", r.Owner, stateOf(t, r))
	}
	next := newTestManager(t, e, clock, countTo(4, func(context.Context, int) {}))
	serve(t, next)
	if got := result(t, await(t, next, name)); got != 4 { // without moving the clock
		t.Errorf("response %d, want 4", got)
	}
	if r := stored(t, next, name); r.Token != 2 || r.Attempts != 1 {
		t.Errorf("token %d, attempts %d: handing over must not count as an attempt", r.Token, r.Attempts)
	}
	if err := m.Serve(t.Context()); err == nil {
		t.Error("a closed manager serves again")
	}
}

// A run without checkpoints is stopped through its context when Close has waited
// long enough.
func testCloseRunsOutOfTime(t *testing.T, e docstore.Engine) {
	entered := make(chan struct{})
	m := newTestManager(t, e, newClock(), func(ctx context.Context, _ *testRun) (int64, error) {
		close(entered)
		<-ctx.Done()
		return 0, ctx.Err()
	})
	stop := serve(t, m)
	name := start(t, m, "", "a").GetName()
	recv(t, entered, "the operation runs")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
	stop()
	if r := stored(t, m, name); r.Owner != "" || r.done() || r.Attempts != 0 {
		t.Errorf("left with owner %q, done %t, %d attempts", r.Owner, r.done(), r.Attempts)
	}
}

// While the run lives, its lease does not end, however long it takes.
func testLeaseIsRenewed(t *testing.T, e docstore.Engine) {
	clock := newClock()
	entered, free := make(chan struct{}), make(chan struct{})
	m := newTestManager(t, e, clock, func(ctx context.Context, _ *testRun) (int64, error) {
		close(entered)
		<-free
		return 1, ctx.Err()
	})
	serve(t, m)
	name := start(t, m, "", "a").GetName()
	recv(t, entered, "the operation runs")
	for until := clock.Now().Add(4 * testLease); clock.Now().Before(until); {
		due := stored(t, m, name).DueAt
		clock.advance(testLease / 2)
		eventually(t, clock, 100*time.Millisecond, "the lease is renewed", func() bool { return stored(t, m, name).DueAt.After(due) })
	}
	close(free)
	if r := stored(t, m, name); r.Token != 1 {
		t.Errorf("claimed %d times", r.Token)
	}
	await(t, m, name)
}

func testCancel(t *testing.T, e docstore.Engine) {
	clock := newClock()
	entered := make(chan struct{})
	m := newTestManager(t, e, clock, func(ctx context.Context, r *testRun) (int64, error) {
		if r.Request.GetValue() == "quick" {
			return 1, nil
		}
		close(entered)
		<-ctx.Done()
		return 0, errBroken // whatever a run says once it is cancelled
	})
	cancel := func(m *Manager, name string) {
		t.Helper()
		if err := m.Cancel(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	wantCancelled := func(op interface{ GetDone() bool }, code codes.Code, reason string) {
		t.Helper()
		if !op.GetDone() || code != codes.Canceled || reason != "OPERATION_CANCELLED" {
			t.Errorf("done %t, %s %s; want CANCELLED", op.GetDone(), code, reason)
		}
	}

	waiting := start(t, m, "waiting", "a").GetName()
	cancel(m, waiting) // nobody has claimed it: done at once
	op := get(t, m, waiting)
	code, reason := failure(t, op)
	wantCancelled(op, code, reason)

	serve(t, m)
	running := start(t, m, "running", "a").GetName()
	recv(t, entered, "the operation runs")
	cancel(m, running)
	cancel(m, running)
	op = await(t, m, running)
	code, reason = failure(t, op)
	wantCancelled(op, code, reason)

	done := start(t, m, "done", "quick").GetName()
	await(t, m, done)
	cancel(m, done)
	if got := result(t, get(t, m, done)); got != 1 {
		t.Errorf("cancelling changed a result to %d", got)
	}
}

// Cancelled through another process: honoured at the next checkpoint.
func testCancelElsewhere(t *testing.T, e docstore.Engine) {
	clock := newClock()
	stuck, free := make(chan struct{}), make(chan struct{})
	running := newTestManager(t, e, clock, countTo(5, func(_ context.Context, i int) {
		switch i {
		case 2:
			close(stuck)
			<-free
		case 3:
			t.Error("went on after the checkpoint")
		}
	}))
	serve(t, running)
	name := start(t, running, "", "a").GetName()
	recv(t, stuck, "two checkpoints")
	other := newTestManager(t, e, clock, countTo(5, func(context.Context, int) {}))
	if err := other.Cancel(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	close(free)
	if code, _ := failure(t, await(t, running, name)); code != codes.Canceled {
		t.Errorf("ended with %s", code)
	}
	if r := stored(t, running, name); stateOf(t, r) != 3 {
		t.Errorf("state %d, want 3: the checkpoint that noticed is kept", stateOf(t, r))
	}
}

// Cancelled while its process is gone: whoever takes it over concludes it.
func testCancelOrphan(t *testing.T, e docstore.Engine) {
	clock := newClock()
	m := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) {
		t.Error("a cancelled operation was run")
		return 0, nil
	})
	name := start(t, m, "", "a").GetName()
	if _, r, err := m.claim(t.Context()); err != nil || r == nil {
		t.Fatalf("claim: %v, %v", r, err)
	}
	if err := m.Cancel(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if get(t, m, name).GetDone() {
		t.Error("done although its process may still run it")
	}
	clock.advance(testLease)
	serve(t, m)
	if code, _ := failure(t, await(t, m, name)); code != codes.Canceled {
		t.Errorf("ended with %s", code)
	}
}
