package operation

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

func testStartRunsToResponse(t *testing.T, e docstore.Engine) {
	m := newTestManager(t, e, newClock(), func(_ context.Context, r *testRun) (int64, error) {
		r.Progress(3, 4, "counting "+r.Request.GetValue())
		return 42, nil
	})
	op := start(t, m, "", "sheep")
	if op.GetDone() || !strings.HasPrefix(op.GetName(), "operations/test/") {
		t.Fatalf("started operation: %v", op)
	}
	serve(t, m)
	op = await(t, m, op.GetName())
	if got := result(t, op); got != 42 {
		t.Errorf("response %d, want 42", got)
	}
	p := new(apiv1.Progress)
	if err := op.GetMetadata().UnmarshalTo(p); err != nil {
		t.Fatal(err)
	}
	if p.GetDone() != 3 || p.GetTotal() != 4 || p.GetStage() != "counting sheep" || p.GetUpdateTime() == nil {
		t.Errorf("metadata %v, want the last progress", p)
	}
}

func testMetadataOfKind(t *testing.T, e docstore.Engine) {
	m := newTestManager(t, e, newClock(), func(context.Context, *testRun) (int64, error) { return 0, nil })
	type state struct {
		Rows []string `bson:"rows"`
	}
	err := Register(m, "other", Kind[*wrapperspb.StringValue, state]{
		Run: func(ctx context.Context, r *Run[*wrapperspb.StringValue, state]) (proto.Message, error) {
			return nil, r.Checkpoint(ctx, state{Rows: []string{"a", "b"}})
		},
		Metadata: func(s Snapshot[*wrapperspb.StringValue, state]) proto.Message {
			return word(s.Request.GetValue() + ":" + strings.Join(s.State.Rows, ","))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	op, err := m.Start(t.Context(), "other", Start{Request: word("rows")})
	if err != nil {
		t.Fatal(err)
	}
	serve(t, m)
	op = await(t, m, op.GetName())
	v := new(wrapperspb.StringValue)
	if err := op.GetMetadata().UnmarshalTo(v); err != nil || v.GetValue() != "rows:a,b" {
		t.Errorf("metadata %q, %v; want it made from request and state", v.GetValue(), err)
	}
	if got := op.GetResponse().GetTypeUrl(); got != "type.googleapis.com/google.protobuf.Empty" {
		t.Errorf("response %q, want Empty for nil", got)
	}
}

func testStartIsIdempotent(t *testing.T, e docstore.Engine) {
	var runs atomic.Int64
	m := newTestManager(t, e, newClock(), func(context.Context, *testRun) (int64, error) { return runs.Add(1), nil })
	serve(t, m)

	var starts sync.WaitGroup
	names := make([]string, 16)
	for i := range names {
		starts.Go(func() {
			op, err := m.Start(t.Context(), "count", Start{RequestID: "r1", Caller: "ann", Request: word("a")})
			if err != nil {
				t.Error(err)
				return
			}
			names[i] = op.GetName()
		})
	}
	starts.Wait()
	for _, name := range names {
		if name != names[0] {
			t.Fatalf("one request id, two operations: %s and %s", names[0], name)
		}
	}
	if got := result(t, await(t, m, names[0])); got != 1 {
		t.Errorf("ran %d times", got)
	}
	// Done or not, the same request gives the same operation, the response included.
	op, err := m.Start(t.Context(), "count", Start{RequestID: "r1", Caller: "ann", Request: word("a")})
	if err != nil || !op.GetDone() || op.GetName() != names[0] {
		t.Errorf("started again: %v, %v", op, err)
	}
	_, err = m.Start(t.Context(), "count", Start{RequestID: "r1", Caller: "ann", Request: word("b")})
	wantFault(t, err, fault.AlreadyExists, "REQUEST_ID_REUSED")
	op, err = m.Start(t.Context(), "count", Start{RequestID: "r1", Caller: "bob", Request: word("b")})
	if err != nil || op.GetName() == names[0] {
		t.Errorf("another caller's request id: %v, %v", op, err)
	}

	start(t, m, "mine", "a")
	if again := start(t, m, "mine", "a"); again.GetName() != "operations/test/mine" {
		t.Errorf("named %s", again.GetName())
	}
	_, err = m.Start(t.Context(), "count", Start{ID: "mine", Request: word("b")})
	wantFault(t, err, fault.AlreadyExists, "OPERATION_EXISTS")
}

func testStartRefusesBadInput(t *testing.T, e docstore.Engine) {
	m := newTestManager(t, e, newClock(), func(context.Context, *testRun) (int64, error) { return 0, nil })
	for field, s := range map[string][]Start{
		"operation_id": {{ID: "a/b"}, {ID: "-a"}, {ID: strings.Repeat("x", 64)}, {ID: "é"}, {ID: "a\x00"}, {ID: "a!1"}},
		"request_id":   {{RequestID: strings.Repeat("x", 256)}},
	} {
		for _, s := range s {
			s.Request = word("a")
			_, err := m.Start(t.Context(), "count", s)
			if f := wantFault(t, err, fault.InvalidArgument, "INVALID_FIELD"); f.Violations[0].Field != field {
				t.Errorf("%+v: fault names %q, want %q", s, f.Violations[0].Field, field)
			}
		}
	}
	_, err := m.Start(t.Context(), "count", Start{Request: word(strings.Repeat("x", 17<<20))})
	wantFault(t, err, fault.InvalidArgument, "REQUEST_TOO_LARGE")
	for _, name := range []string{"", "x", "operations/test", "operations/test/", "operations/other/x", "operations/test/a/b", "operations/test/" + strings.Repeat("x", 1<<20)} {
		_, err := m.Get(t.Context(), name)
		wantFault(t, err, fault.InvalidArgument, "INVALID_FIELD")
	}
	_, err = m.Get(t.Context(), "operations/test/nobody")
	wantFault(t, err, fault.NotFound, "OPERATION_NOT_FOUND")
	if _, err = m.Wait(t.Context(), "operations/test/nobody", time.Second); fault.KindOf(err) != fault.NotFound {
		t.Errorf("waiting for nothing: %v", err)
	}
}

func testRegisterRefusesMistakes(t *testing.T, e docstore.Engine) {
	nothing := func(context.Context, *testRun) (int64, error) { return 0, nil }
	m := newTestManager(t, e, newClock(), nothing)
	if err := Register(m, "count", counting(nothing)); err == nil {
		t.Error("a kind was registered twice")
	}
	if err := Register(m, "Bad Name", counting(nothing)); err == nil {
		t.Error("a kind with a bad name was registered")
	}
	if err := Register(m, "empty", testKind{}); err == nil {
		t.Error("a kind without Run was registered")
	}
	if err := Register(m, "any", Kind[proto.Message, int]{Run: func(context.Context, *Run[proto.Message, int]) (proto.Message, error) { return nil, nil }}); err == nil {
		t.Error("a kind without a request type was registered")
	}
	_, err := NewManager(t.Context(), e, Config{Service: "No", Lease: -1})
	for _, want := range []string{"Service", "Lease"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("config error %v does not name %s", err, want)
		}
	}
}
