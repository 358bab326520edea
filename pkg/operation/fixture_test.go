package operation

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// fakeClock moves only when told to.
type fakeClock struct {
	mu      sync.Mutex
	now     time.Time
	waiters map[chan time.Time]time.Time
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), waiters: map[chan time.Time]time.Time{}}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	if d <= 0 {
		ch <- c.now
	} else {
		c.waiters[ch] = c.now.Add(d)
	}
	return ch
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for ch, at := range c.waiters {
		if !at.After(c.now) {
			ch <- c.now
			delete(c.waiters, ch)
		}
	}
}

// setBack sets the clock back. Who waits waits for as long as before.
func (c *fakeClock) setBack(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(-d)
	for ch, at := range c.waiters {
		c.waiters[ch] = at.Add(-d)
	}
}

var errGone = fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the process is gone")

// wire is a process's connection to the shared engine: it counts the calls, and can
// be cut for a while or, as when the process dies, after a given number of calls.
type wire struct {
	docstore.Engine
	mu     sync.Mutex
	cut    bool
	calls  int
	writes int
	dieAt  int           // the call that is the last; 0 for never
	lost   bool          // the last call is performed, but its answer lost
	dead   chan struct{} // closed then
}

func newWire(e docstore.Engine) *wire { return &wire{Engine: e, dead: make(chan struct{})} }

func (w *wire) Table(ctx context.Context, l docstore.Layout) (docstore.Table, error) {
	t, err := w.Engine.Table(ctx, l)
	return &wireTable{t, w}, err
}

func (w *wire) setCut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

func (w *wire) written() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes
}

// call tells whether a call is to be performed, and whether answered.
func (w *wire) call(write bool) (perform, answer bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return false, false
	}
	w.calls++
	if w.calls == w.dieAt {
		w.cut = true
		close(w.dead)
		return w.lost, false
	}
	if write {
		w.writes++
	}
	return true, true
}

type wireTable struct {
	docstore.Table
	wire *wire
}

func (t *wireTable) Get(ctx context.Context, id string) (bson.Raw, error) {
	if _, ok := t.wire.call(false); !ok {
		return nil, errGone
	}
	return t.Table.Get(ctx, id)
}

func (t *wireTable) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	if _, ok := t.wire.call(false); !ok {
		return nil, errGone
	}
	return t.Table.GetMany(ctx, ids)
}

func (t *wireTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	perform, answer := t.wire.call(true)
	if !perform {
		return nil, errGone
	}
	errs, err := t.Table.Write(ctx, writes)
	if !answer {
		return nil, errGone
	}
	return errs, err
}

func (t *wireTable) Scan(ctx context.Context, r docstore.Range) iter.Seq2[docstore.Entry, error] {
	if _, ok := t.wire.call(false); !ok {
		return func(yield func(docstore.Entry, error) bool) { yield(docstore.Entry{}, errGone) }
	}
	return t.Table.Scan(ctx, r)
}

const testLease = 30 * time.Second

// The kind most tests register: its request is a word, its state a count.
type (
	testKind = Kind[*wrapperspb.StringValue, int]
	testRun  = Run[*wrapperspb.StringValue, int]
)

func word(s string) *wrapperspb.StringValue { return wrapperspb.String(s) }

// newTestManager makes a manager that knows the kind "count" and does not serve yet.
func newTestManager(t testing.TB, e docstore.Engine, clock Clock, run func(context.Context, *testRun) (int64, error)) *Manager {
	t.Helper()
	m, err := NewManager(t.Context(), e, Config{
		Service: "test", Lease: testLease, Clock: clock,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Register(m, "count", counting(run)); err != nil {
		t.Fatal(err)
	}
	return m
}

func counting(run func(context.Context, *testRun) (int64, error)) testKind {
	return testKind{Run: func(ctx context.Context, r *testRun) (proto.Message, error) {
		n, err := run(ctx, r)
		if err != nil {
			return nil, err
		}
		return wrapperspb.Int64(n), nil
	}}
}

// serve runs m's workers. The function returned ends them as a signal would that
// leaves no time; it is called at the end of the test in any case.
func serve(t testing.TB, m *Manager) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- m.Serve(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Serve: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func start(t testing.TB, m *Manager, id, request string) *longrunningpb.Operation {
	t.Helper()
	op, err := m.Start(t.Context(), "count", Start{ID: id, Request: word(request)})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func get(t testing.TB, m *Manager, name string) *longrunningpb.Operation {
	t.Helper()
	op, err := m.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// within is how long a test waits for what has to happen.
const within = 20 * time.Second

// await waits without moving the clock: only what happens at once can happen.
func await(t testing.TB, m *Manager, name string) *longrunningpb.Operation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	op, err := m.Wait(ctx, name, -1)
	if err != nil {
		t.Fatal(err)
	}
	if !op.GetDone() {
		t.Fatalf("%s is not done after %s", name, within)
	}
	return op
}

// eventually polls for cond, moving the clock by step each time.
func eventually(t testing.TB, clock *fakeClock, step time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
		clock.advance(step)
		<-time.After(time.Millisecond)
	}
}

func recv[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(within):
		t.Fatalf("not within %s: %s", within, what)
		panic("unreachable")
	}
}

func result(t testing.TB, op *longrunningpb.Operation) int64 {
	t.Helper()
	v := new(wrapperspb.Int64Value)
	if op.GetResponse() == nil {
		t.Fatalf("no response: %v", op)
	}
	if err := op.GetResponse().UnmarshalTo(v); err != nil {
		t.Fatal(err)
	}
	return v.GetValue()
}

func failure(t testing.TB, op *longrunningpb.Operation) (codes.Code, string) {
	t.Helper()
	s := op.GetError()
	if s == nil {
		t.Fatalf("no error: %v", op)
	}
	for _, d := range s.GetDetails() {
		info := new(errdetails.ErrorInfo)
		if d.UnmarshalTo(info) == nil {
			return codes.Code(s.GetCode()), info.GetReason()
		}
	}
	return codes.Code(s.GetCode()), ""
}

func wantFault(t testing.TB, err error, kind fault.Kind, reason string) *fault.Fault {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || f.Reason != reason {
		t.Fatalf("got error %v (%s), want a fault of kind %d, %s", err, fault.ReasonOf(err), kind, reason)
	}
	return f
}

func stored(t testing.TB, m *Manager, name string) *record {
	t.Helper()
	id, err := m.parse(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.records.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func stateOf(t testing.TB, r *record) int {
	t.Helper()
	var n int
	if err := decode(r, word(""), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

var errBroken = errors.New("disk on fire")

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("op-%03d", i)
	}
	return out
}
