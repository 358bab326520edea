package operation

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// The methods and types that every service's generated OperationService has.
var _ interface {
	longrunningpb.OperationsServer
	WatchOperation(*longrunningpb.GetOperationRequest, grpc.ServerStreamingServer[longrunningpb.Operation]) error
} = (*Server)(nil)

const watchMethod = "WatchOperation"

// dial serves m over gRPC and returns a connection to it.
func dial(t *testing.T, m *Manager) *grpc.ClientConn {
	t.Helper()
	server := grpc.NewServer()
	longrunningpb.RegisterOperationsServer(server, NewServer(m))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Watching", HandlerType: (*longrunningpb.OperationsServer)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: watchMethod, ServerStreams: true,
			Handler: func(s any, stream grpc.ServerStream) error {
				r := new(longrunningpb.GetOperationRequest)
				if err := stream.RecvMsg(r); err != nil {
					return err
				}
				return s.(*Server).WatchOperation(r, &grpc.GenericServerStream[longrunningpb.GetOperationRequest, longrunningpb.Operation]{ServerStream: stream})
			},
		}},
	}, NewServer(m))
	listener := bufconn.Listen(1 << 20)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(listener); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	conn, err := grpc.NewClient("passthrough:///test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		server.Stop()
		serving.Wait()
	})
	return conn
}

// watch returns what a watcher of the operation receives.
func watch(t *testing.T, conn *grpc.ClientConn, name string) grpc.ServerStreamingClient[longrunningpb.Operation] {
	t.Helper()
	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/test.Watching/"+watchMethod)
	if err != nil {
		t.Fatal(err)
	}
	watching := &grpc.GenericClientStream[longrunningpb.GetOperationRequest, longrunningpb.Operation]{ClientStream: stream}
	if err := watching.Send(&longrunningpb.GetOperationRequest{Name: name}); err != nil {
		t.Fatal(err)
	}
	if err := watching.CloseSend(); err != nil {
		t.Fatal(err)
	}
	return watching
}

func next(t *testing.T, s grpc.ServerStreamingClient[longrunningpb.Operation]) (*longrunningpb.Operation, int64) {
	t.Helper()
	op, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	p := new(apiv1.Progress)
	if err := op.GetMetadata().UnmarshalTo(p); err != nil {
		t.Fatal(err)
	}
	return op, p.GetDone()
}

// Every change reaches a watcher in the same process without the clock moving.
func testWatch(t *testing.T, e docstore.Engine) {
	step := make(chan struct{})
	m := newTestManager(t, e, newClock(), func(ctx context.Context, r *testRun) (int64, error) {
		for i := range 3 {
			<-step
			r.Progress(int64(i+1), 3, "")
			if err := r.Checkpoint(ctx, i+1); err != nil {
				return 0, err
			}
		}
		<-step
		return 3, nil
	})
	conn := dial(t, m)
	name := start(t, m, "", "a").GetName()
	stream := watch(t, conn, name)
	if op, done := next(t, stream); op.GetDone() || done != 0 {
		t.Errorf("first sent: %v", op)
	}
	serve(t, m)
	for i := range int64(3) {
		step <- struct{}{}
		if op, done := next(t, stream); op.GetDone() || done != i+1 {
			t.Errorf("after checkpoint %d: %v", i+1, op)
		}
	}
	close(step)
	op, _ := next(t, stream)
	if result(t, op) != 3 {
		t.Errorf("last sent: %v", op)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last: %v", err)
	}
	m.changes.mu.Lock()
	defer m.changes.mu.Unlock()
	if len(m.changes.waiting) != 0 {
		t.Errorf("subscriptions left: %v", m.changes.waiting)
	}
}

// Of an operation that runs in another process, a watcher learns by polling.
func testWatchElsewhere(t *testing.T, e docstore.Engine) {
	clock := newClock()
	run := func(context.Context, *testRun) (int64, error) { return 5, nil }
	watching, running := newTestManager(t, e, clock, run), newTestManager(t, e, clock, run)
	name := start(t, watching, "", "a").GetName()
	last := make(chan *longrunningpb.Operation, 1)
	seen := make(chan struct{}, 10)
	go func() {
		var op *longrunningpb.Operation
		err := watching.Watch(t.Context(), name, func(o *longrunningpb.Operation) error {
			op = o
			seen <- struct{}{}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		last <- op
	}()
	recv(t, seen, "the first state")
	waited := make(chan *longrunningpb.Operation, 1)
	go func() {
		op, err := watching.Wait(t.Context(), name, -1)
		if err != nil {
			t.Error(err)
		}
		waited <- op
	}()
	serve(t, running)
	await(t, running, name)
	eventually(t, clock, 100*time.Millisecond, "both learn of the end", func() bool { return len(last) == 1 && len(waited) == 1 })
	if got := result(t, <-last); got != 5 {
		t.Errorf("watched %d", got)
	}
	if got := result(t, <-waited); got != 5 {
		t.Errorf("waited for %d", got)
	}
}

func testWatchEnds(t *testing.T, e docstore.Engine) {
	m := newTestManager(t, e, newClock(), func(context.Context, *testRun) (int64, error) { return 1, nil })
	name := start(t, m, "", "a").GetName()
	errFull := errors.New("client is gone")
	if err := m.Watch(t.Context(), name, func(*longrunningpb.Operation) error { return errFull }); !errors.Is(err, errFull) {
		t.Errorf("send failed, Watch: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := m.Watch(ctx, name, func(*longrunningpb.Operation) error { cancel(); return nil })
	if fault.KindOf(cancelled) != fault.Cancelled && !errors.Is(cancelled, context.Canceled) {
		t.Errorf("cancelled Watch: %v", cancelled)
	}
	stopping := m.Watch(t.Context(), name, func(*longrunningpb.Operation) error { return m.Close(t.Context()) })
	wantFault(t, stopping, fault.Unavailable, "SERVER_STOPPING")
}

func testWaitTimesOut(t *testing.T, e docstore.Engine) {
	clock := newClock()
	m := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) { return 1, nil })
	client := longrunningpb.NewOperationsClient(dial(t, m))
	name := start(t, m, "", "a").GetName()

	op, err := client.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: name, Timeout: durationpb.New(0)})
	if err != nil || op.GetDone() {
		t.Errorf("no time to wait: %v, %v", op, err)
	}
	waited := make(chan error, 1)
	go func() {
		op, err := m.Wait(t.Context(), name, 5*time.Second)
		if op.GetDone() {
			err = errors.New("it is done")
		}
		waited <- err
	}()
	eventually(t, clock, time.Second, "the timeout is over", func() bool { return len(waited) == 1 })
	if err := <-waited; err != nil {
		t.Errorf("Wait: %v", err)
	}
	// The call's own deadline, by the real clock: answered with the state, in time.
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	op, err = client.WaitOperation(ctx, &longrunningpb.WaitOperationRequest{Name: name})
	if err != nil || op.GetDone() {
		t.Errorf("short of the deadline: %v, %v", op, err)
	}
	for _, bad := range []*durationpb.Duration{{Seconds: -1}, {Seconds: 1, Nanos: -1}, {Seconds: 1 << 60}} {
		_, err = NewServer(m).WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: name, Timeout: bad})
		if f := wantFault(t, err, fault.InvalidArgument, "INVALID_FIELD"); f.Violations[0].Field != "timeout" {
			t.Errorf("fault names %q", f.Violations[0].Field)
		}
	}
}

// The rest of the methods, over the wire.
func testServer(t *testing.T, e docstore.Engine) {
	m := newTestManager(t, e, newClock(), func(context.Context, *testRun) (int64, error) { return 1, nil })
	client := longrunningpb.NewOperationsClient(dial(t, m))
	name := start(t, m, "", "a").GetName()
	if _, err := client.CancelOperation(t.Context(), &longrunningpb.CancelOperationRequest{Name: name}); err != nil {
		t.Fatal(err)
	}
	op, err := client.GetOperation(t.Context(), &longrunningpb.GetOperationRequest{Name: name})
	if err != nil || op.GetError() == nil {
		t.Errorf("got %v, %v", op, err)
	}
	list, err := client.ListOperations(t.Context(), &longrunningpb.ListOperationsRequest{Name: "operations/test", Filter: "done"})
	if err != nil || len(list.GetOperations()) != 1 {
		t.Errorf("listed %v, %v", list, err)
	}
	if _, err := client.DeleteOperation(t.Context(), &longrunningpb.DeleteOperationRequest{Name: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetOperation(t.Context(), &longrunningpb.GetOperationRequest{Name: name}); err == nil {
		t.Error("still there after it was deleted")
	}
}
