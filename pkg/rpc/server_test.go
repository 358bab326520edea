package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/kehuhq/kehu/pkg/rpc"
)

// A call from the network that is under way when the server stops, and then
// needs another service of the same process, is answered.
func TestCallUnderWayEndsWellWhenTheServerStops(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pipe, inner, err := rpc.Pipe(rpc.DefaultClientConfig("self"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inner.Close() }()
	entered, stopping := make(chan struct{}), make(chan struct{})
	service := echo{unary: func(ctx context.Context, text string) (string, error) {
		if text == "inner" {
			return "done", nil
		}
		close(entered)
		<-stopping
		return call(ctx, inner, putMethod, "inner")
	}}
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	server.Register(service.register)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener, pipe) }()
	conn := plainConn(t, listener.Addr().String())

	answered := make(chan error, 1)
	go func() {
		got, err := call(t.Context(), conn, putMethod, "outer")
		if err == nil && got != "done" {
			err = errors.New("got " + got)
		}
		answered <- err
	}()
	<-entered
	cancel()
	eventually(t, "new calls are refused", func() bool {
		other, err := net.DialTimeout("tcp", listener.Addr().String(), time.Second)
		if err == nil {
			_ = other.Close()
		}
		return err != nil
	})
	if err := server.Ready(t.Context()); err == nil {
		t.Error("a server that stops says it is ready")
	}
	close(stopping)
	if err := <-answered; err != nil {
		t.Errorf("the call under way: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestCallThatDoesNotEndIsCutOff(t *testing.T) {
	entered := make(chan struct{})
	s := open(t, echo{unary: func(ctx context.Context, _ string) (string, error) {
		close(entered)
		<-ctx.Done()
		return "", ctx.Err()
	}}, siteOptions{tcp: true, config: func(c *rpc.ServerConfig) { c.StopTimeout = 50 * time.Millisecond }})
	answered := make(chan error, 1)
	go func() {
		_, err := call(t.Context(), s.conn, putMethod, "x")
		answered <- err
	}()
	<-entered
	began := time.Now()
	if err := s.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if err := <-answered; status.Code(err) != codes.Unavailable {
		t.Errorf("the call that was cut off: %v", err)
	}
}

func TestServeFailsWhereAListenerDoes(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context(), listener); err == nil {
		t.Error("serving on a closed listener succeeded")
	}
}

func TestServerThatIsStoppedBeforeItBeginsEndsWell(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		server, err := rpc.NewServer(rpc.DefaultServerConfig())
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Serve(ctx, listener); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHealthFollowsReadiness(t *testing.T) {
	var down atomic.Bool
	s := open(t, echo{}, siteOptions{options: []rpc.ServerOption{rpc.WithReadiness(func(context.Context) error {
		if down.Load() {
			return errors.New("the store is down")
		}
		return nil
	})}})
	health := healthpb.NewHealthClient(s.conn)
	is := func(service string, want healthpb.HealthCheckResponse_ServingStatus) func() bool {
		return func() bool {
			got, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
			return err == nil && got.Status == want
		}
	}
	if !is("", healthpb.HealthCheckResponse_SERVING)() || !is("kehu.rpctest.v1.Echo", healthpb.HealthCheckResponse_SERVING)() {
		t.Error("not serving although ready from the start")
	}
	down.Store(true)
	eventually(t, "not serving", is("", healthpb.HealthCheckResponse_NOT_SERVING))
	down.Store(false)
	eventually(t, "serving again", is("kehu.rpctest.v1.Echo", healthpb.HealthCheckResponse_SERVING))
	if _, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("a service that is not there: %v", err)
	}
}

func TestReflectionDescribesTheServices(t *testing.T) {
	s := open(t, echo{}, siteOptions{})
	stream, err := reflectionpb.NewServerReflectionClient(s.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(answer.String(), "kehu.rpctest.v1.Echo") {
		t.Errorf("got %v", answer)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v", err)
	}
}

func TestStreamOverAPipe(t *testing.T) {
	const messages = 200
	s := open(t, echo{watch: func(text string, stream grpc.ServerStream) error {
		for range messages {
			if err := stream.SendMsg(newText(text)); err != nil {
				return err
			}
		}
		return nil
	}}, siteOptions{})
	stream, err := s.conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, watchMethod)
	body := strings.Repeat("x", 256<<10)
	if err == nil {
		err = errors.Join(stream.SendMsg(newText(body)), stream.CloseSend())
	}
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for {
		m := dynamicpb.NewMessage(textType)
		if err := stream.RecvMsg(m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(textOf(m)) != len(body) {
			t.Fatalf("message %d has %d bytes", got, len(textOf(m)))
		}
		got++
	}
	if got != messages {
		t.Errorf("%d messages, want %d", got, messages)
	}
}

func TestCallsAreMeasuredAndTracedWithoutAddresses(t *testing.T) {
	s := open(t, echo{}, siteOptions{tcp: true})
	if _, err := call(t.Context(), s.conn, getMethod, "x"); err != nil {
		t.Fatal(err)
	}
	scrape := func() string {
		recorder := httptest.NewRecorder()
		s.tel.Metrics().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
		return recorder.Body.String()
	}
	eventually(t, "the server's duration is measured", func() bool {
		return strings.Contains(scrape(), "rpc_server_call_duration_seconds_count")
	})
	for line := range strings.Lines(scrape()) {
		if strings.HasPrefix(line, "rpc_server") && strings.Contains(line, "127.0.0.1") {
			t.Errorf("a label per address: %s", line)
		}
	}
	eventually(t, "the access line has a trace id", func() bool {
		lines := s.logs.lines("call")
		return len(lines) == 1 && lines[0]["trace_id"] != nil
	})
	if got := len(methodsOf(t)); got < 4 {
		t.Errorf("%d methods listed", got)
	}
}

func methodsOf(t *testing.T) []string {
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	server.Register(echo{}.register)
	return server.Methods()
}
