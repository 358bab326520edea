package operation

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

var errPeerDown = fault.New(fault.Unavailable, "PEER_DOWN", "profile cannot be reached")

func testFailureIsRecorded(t *testing.T, e docstore.Engine) {
	var runs atomic.Int64
	m := newTestManager(t, e, newClock(), func(_ context.Context, r *testRun) (int64, error) {
		runs.Add(1)
		switch r.Request.GetValue() {
		case "fault":
			return 0, fmt.Errorf("scoring: %w", fault.New(fault.FailedPrecondition, "NO_ORDERS", "there are no orders").With("customer", "c1"))
		case "panic":
			panic("index out of range")
		}
		return 0, errBroken
	})
	serve(t, m)
	for _, c := range []struct {
		request, reason, message string
		code                     codes.Code
	}{
		{"fault", "NO_ORDERS", "there are no orders", codes.FailedPrecondition},
		{"panic", "INTERNAL", "internal error", codes.Internal},
		{"unknown", "INTERNAL", "internal error", codes.Internal},
	} {
		op := await(t, m, start(t, m, c.request, c.request).GetName())
		if code, reason := failure(t, op); code != c.code || reason != c.reason || op.GetError().GetMessage() != c.message {
			t.Errorf("%s: %s, %q, %q", c.request, code, reason, op.GetError().GetMessage())
		}
	}
	if runs.Load() != 3 {
		t.Errorf("%d runs of 3 operations that must not be tried again", runs.Load())
	}
}

func testRetryUntilItPasses(t *testing.T, e docstore.Engine) {
	clock := newClock()
	passing := []error{errPeerDown, status.Error(codes.Unavailable, "connection refused"), fmt.Errorf("write: %w", docstore.ErrConflict), context.DeadlineExceeded}
	var runs atomic.Int64
	m := newTestManager(t, e, clock, func(_ context.Context, r *testRun) (int64, error) {
		n := runs.Add(1)
		if int(n) <= len(passing) {
			return 0, passing[n-1]
		}
		return int64(r.Attempt), nil
	})
	serve(t, m)
	name := start(t, m, "", "a").GetName()
	before := clock.Now()
	eventually(t, clock, 100*time.Millisecond, "the operation passes", func() bool { return get(t, m, name).GetDone() })
	if got := result(t, get(t, m, name)); got != 5 {
		t.Errorf("passed in attempt %d, want 5", got)
	}
	if waited := clock.Now().Sub(before); waited < 7500*time.Millisecond { // at least half of 1+2+4+8 s
		t.Errorf("four retries within %s", waited)
	}
}

func testRetryIsBounded(t *testing.T, e docstore.Engine) {
	clock := newClock()
	var runs atomic.Int64
	m := newTestManager(t, e, clock, func(ctx context.Context, r *testRun) (int64, error) {
		runs.Add(1)
		if err := r.Checkpoint(ctx, min(r.State+1, 3)); err != nil { // gets on three times, then no more
			return 0, err
		}
		return 0, errPeerDown
	})
	m.cfg.MaxAttempts = 4
	serve(t, m)
	name := start(t, m, "", "a").GetName()
	eventually(t, clock, time.Second, "the operation is given up", func() bool { return get(t, m, name).GetDone() })
	if code, reason := failure(t, get(t, m, name)); code != codes.Unavailable || reason != "PEER_DOWN" {
		t.Errorf("failed with %s %s, want the last attempt's error", code, reason)
	}
	// The third run is the first attempt with state 3.
	if got := runs.Load(); got != 3+3 {
		t.Errorf("%d runs, want 6: three that got on, and three more to make four attempts without a change", got)
	}
}

// A run that waits for another operation lets the only worker do that one.
func testWaitingIsNoFailure(t *testing.T, e docstore.Engine) {
	clock := newClock()
	const long = 100 // more often than there are attempts
	var waits atomic.Int64
	var m *Manager
	m = newTestManager(t, e, clock, func(ctx context.Context, r *testRun) (int64, error) {
		if r.Request.GetValue() == "other" {
			return 0, nil
		}
		other, err := m.Get(ctx, "operations/test/other")
		if looks := waits.Add(1); err == nil && (!other.GetDone() || looks < long) {
			return 0, Later(time.Minute)
		}
		return int64(r.Attempt), err
	})
	m.cfg.Parallel = 1
	start(t, m, "first", "first")
	start(t, m, "other", "other")
	serve(t, m)
	before := clock.Now()
	eventually(t, clock, time.Minute, "the operation ends", func() bool { return get(t, m, "operations/test/first").GetDone() })
	if attempt := result(t, get(t, m, "operations/test/first")); attempt != 1 || waits.Load() != long {
		t.Errorf("attempt %d after %d looks", attempt, waits.Load())
	}
	if waited := clock.Now().Sub(before); waited < (long-1)*time.Minute {
		t.Errorf("%d pauses of a minute within %s", long-1, waited)
	}
	waits.Store(-1 << 30)
	stuck := start(t, m, "stuck", "stuck").GetName()
	eventually(t, clock, time.Second, "it waits", func() bool { return stored(t, m, stuck).Owner == "" && waits.Load() > -1<<30 })
	if err := m.Cancel(t.Context(), stuck); err != nil {
		t.Fatal(err)
	}
	eventually(t, clock, time.Minute, "it ends", func() bool { return get(t, m, stuck).GetDone() })
	if code, _ := failure(t, get(t, m, stuck)); code != codes.Canceled {
		t.Errorf("cancelled, it ended with %s", code)
	}
}

// A run that takes its process down each time reports no error: the claims count.
func testCrashLoopIsBounded(t *testing.T, e docstore.Engine) {
	clock := newClock()
	m := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) { return 0, nil })
	name := start(t, m, "", "a").GetName()
	for range m.cfg.MaxAttempts {
		if _, r, err := m.claim(t.Context()); err != nil || r == nil {
			t.Fatalf("claim: %v, %v", r, err)
		}
		clock.advance(testLease + time.Second) // and nothing is heard of it again
	}
	if _, r, err := m.claim(t.Context()); r != nil || err != nil {
		t.Fatalf("claimed once more: %v, %v", r, err)
	}
	if code, _ := failure(t, get(t, m, name)); code != codes.Internal {
		t.Errorf("failed with %s", code)
	}
}

func testProgressIsWrittenOnceASecond(t *testing.T, e docstore.Engine) {
	clock, w := newClock(), newWire(e)
	reported, finish := make(chan struct{}), make(chan struct{})
	m := newTestManager(t, w, clock, func(_ context.Context, r *testRun) (int64, error) {
		for i := range int64(10_000) {
			r.Progress(i+1, 10_000, "counting")
		}
		close(reported)
		<-finish
		return 0, nil
	})
	serve(t, m)
	name := start(t, m, "", "a").GetName()
	recv(t, reported, "progress is reported")
	before := w.written()
	if done := stored(t, m, name).Progress.Done; done != 0 {
		t.Errorf("progress %d was written at once", done)
	}
	eventually(t, clock, 100*time.Millisecond, "progress is written", func() bool { return stored(t, m, name).Progress.Done == 10_000 })
	if writes := w.written() - before; writes != 1 {
		t.Errorf("%d writes for 10,000 reports within a second", writes)
	}
	close(finish)
	await(t, m, name)
}

func testParallelIsBounded(t *testing.T, e docstore.Engine) {
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	var now, most atomic.Int64
	m := newTestManager(t, e, newClock(), func(context.Context, *testRun) (int64, error) {
		most.Store(max(most.Load(), now.Add(1)))
		entered <- struct{}{}
		<-leave
		now.Add(-1)
		return 0, nil
	})
	serve(t, m)
	for _, id := range ids(6) {
		start(t, m, id, "a")
	}
	recv(t, entered, "a first operation runs")
	recv(t, entered, "a second operation runs")
	close(leave)
	for _, id := range ids(6) {
		await(t, m, "operations/test/"+id)
	}
	if most.Load() > 2 {
		t.Errorf("%d operations ran at a time, want 2", most.Load())
	}
}

// A kind that keeps the workers busy does not shut the others out.
func testKindsTakeTurns(t *testing.T, e docstore.Engine) {
	clock := newClock()
	m := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) { return 0, nil })
	if err := Register(m, "other", counting(func(context.Context, *testRun) (int64, error) { return 0, nil })); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids(10) {
		start(t, m, id, "a")
	}
	if _, err := m.Start(t.Context(), "other", Start{ID: "other", Request: word("a")}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if k, _, err := m.claim(t.Context()); err != nil {
			t.Fatal(err)
		} else if k.name == "other" {
			return
		}
	}
	t.Error("the second kind was not claimed in two turns")
}

// An operation of a kind this process does not know is left to one that does, and
// can be read all the same.
func testUnknownKindIsLeftAlone(t *testing.T, e docstore.Engine) {
	clock := newClock()
	newer := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) { return 0, nil })
	if err := Register(newer, "new", counting(func(context.Context, *testRun) (int64, error) { return 7, nil })); err != nil {
		t.Fatal(err)
	}
	older := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) { return 0, nil })
	op, err := newer.Start(t.Context(), "new", Start{Request: word("a")})
	if err != nil {
		t.Fatal(err)
	}
	if _, r, err := older.claim(t.Context()); r != nil || err != nil {
		t.Fatalf("claimed %v, %v", r, err)
	}
	if got := get(t, older, op.GetName()); got.GetDone() || got.GetMetadata() != nil {
		t.Errorf("read as %v", got)
	}
	_, err = older.Start(t.Context(), "new", Start{Request: word("a")})
	if err == nil || !strings.Contains(err.Error(), `"new"`) {
		t.Errorf("started an unknown kind: %v", err)
	}
	serve(t, newer)
	if got := result(t, await(t, newer, op.GetName())); got != 7 {
		t.Errorf("response %d", got)
	}
}
