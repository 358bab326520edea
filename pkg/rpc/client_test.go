package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
)

func peerOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.Metadata["peer"]
		}
	}
	return ""
}

// A front service calls a back service; what the back answers is seen by the
// front's caller.
func TestErrorsOfAPeer(t *testing.T) {
	back := open(t, echo{unary: func(_ context.Context, text string) (string, error) {
		switch text {
		case "missing":
			return "", fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "no customer %s", text).With("customer", text)
		case "invalid":
			return "", fault.Invalid("orders[3].amount", "must be positive")
		case "store":
			return "", fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store is down")
		default:
			return "", errors.New("secret of the back")
		}
	}}, siteOptions{client: func(c *rpc.ClientConfig) { c.Peer, c.Attempts = "profile", 1 }})
	var seen error
	front := open(t, echo{unary: func(ctx context.Context, text string) (string, error) {
		_, seen = call(ctx, back.conn, getMethod, text)
		if text == "hidden" {
			return "", fault.New(fault.FailedPrecondition, "OWN_VERDICT", "cannot").Because(seen)
		}
		return "", fmt.Errorf("histories: %w", seen)
	}}, siteOptions{client: func(c *rpc.ClientConfig) { c.Peer, c.Attempts = "valuation", 1 }})

	for text, c := range map[string]struct {
		code   codes.Code
		reason string
		fields []string
		peer   string
	}{
		"missing": {codes.NotFound, "CUSTOMER_NOT_FOUND", nil, "profile"},
		"invalid": {codes.InvalidArgument, "INVALID_FIELD", []string{"orders[3].amount"}, "profile"},
		"store":   {codes.Unavailable, "STORE_UNAVAILABLE", nil, "profile"},
		"other":   {codes.Internal, "INTERNAL", nil, "profile"},
		"hidden":  {codes.FailedPrecondition, "OWN_VERDICT", nil, "valuation"},
	} {
		t.Run(text, func(t *testing.T) {
			_, err := call(t.Context(), front.conn, putMethod, text)
			want(t, err, c.code, c.reason, c.fields...)
			if got := peerOf(err); got != c.peer {
				t.Errorf("peer %q, want the one that is the cause, %q", got, c.peer)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the caller is told %v", err)
			}
		})
	}
	if _, err := call(t.Context(), front.conn, putMethod, "missing"); err == nil || fault.KindOf(seen) != fault.NotFound || fault.ReasonOf(seen) != "CUSTOMER_NOT_FOUND" {
		t.Errorf("to the front the error is %v, kind %v", seen, fault.KindOf(seen))
	}
}

// The client of a peer that is down is told so within its deadline, and works
// again when the peer is back, without being made anew.
func TestPeerThatReturns(t *testing.T) {
	first := open(t, echo{}, siteOptions{tcp: true, client: func(c *rpc.ClientConfig) { c.Peer = "profile" }})
	conn := first.conn
	if _, err := call(t.Context(), conn, getMethod, "x"); err != nil {
		t.Fatal(err)
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{getMethod, putMethod} {
		began := time.Now()
		_, err := call(t.Context(), conn, method, "x")
		want(t, err, codes.Unavailable, "PEER_UNAVAILABLE")
		if peerOf(err) != "profile" || strings.Contains(status.Convert(err).Message(), "127.0.0.1") {
			t.Errorf("the caller is told %v", status.Convert(err))
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("%s took %v to say so", method, took)
		}
	}
	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, watchMethod)
	if err == nil {
		err = stream.RecvMsg(dynamicpb.NewMessage(textType))
	}
	want(t, err, codes.Unavailable, "PEER_UNAVAILABLE")

	listener, err := net.Listen("tcp", first.target)
	if err != nil {
		t.Fatal(err)
	}
	open(t, echo{}, siteOptions{listen: listener})
	back := time.Now()
	eventually(t, "calls work again", func() bool {
		_, err := call(t.Context(), conn, putMethod, "x")
		return err == nil
	})
	if took := time.Since(back); took > 3*time.Second {
		t.Errorf("it took %v to find the peer again", took)
	}
}

// A peer that accepts connections and says nothing is unavailable too.
func TestPeerThatIsSilent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	conn, err := rpc.Dial(listener.Addr().String(), rpc.DefaultClientConfig("profile"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	began := time.Now()
	_, err = call(t.Context(), conn, putMethod, "x")
	want(t, err, codes.Unavailable, "PEER_UNAVAILABLE")
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestOnlyIdempotentCallsAreRetried(t *testing.T) {
	var calls atomic.Int32
	s := open(t, echo{unary: func(context.Context, string) (string, error) {
		if calls.Add(1)%3 != 0 {
			return "", fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store is down")
		}
		return "", nil
	}}, siteOptions{})
	if _, err := call(t.Context(), s.conn, getMethod, "x"); err != nil || calls.Load() != 3 {
		t.Errorf("get: %v after %d calls, want success at the third", err, calls.Load())
	}
	calls.Store(0)
	_, err := call(t.Context(), s.conn, putMethod, "x")
	want(t, err, codes.Unavailable, "STORE_UNAVAILABLE")
	if calls.Load() != 1 {
		t.Errorf("a call that changes something was made %d times", calls.Load())
	}
}

func TestRequestIDReachesThePeer(t *testing.T) {
	back := open(t, echo{unary: func(ctx context.Context, _ string) (string, error) { return rpc.RequestID(ctx), nil }}, siteOptions{})
	front := open(t, echo{unary: func(ctx context.Context, _ string) (string, error) {
		theirs, err := call(ctx, back.conn, getMethod, "x")
		return rpc.RequestID(ctx) + " " + theirs, err
	}}, siteOptions{})
	got, err := call(t.Context(), front.conn, getMethod, "x")
	if mine, theirs, _ := strings.Cut(got, " "); err != nil || mine == "" || mine != theirs {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestConfigReportsEverything(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"server": {rpc.ServerConfig{DefaultDeadline: -1, MaxDeadline: -2, MaxConnectionAge: -1}.Validate(), 8},
		"client": {rpc.ClientConfig{}.Validate(), 6},
	} {
		if f, ok := fault.As(c.err); !ok || len(f.Violations) != c.want {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if _, err := rpc.NewServer(rpc.ServerConfig{}); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("server: %v", err)
	}
	if _, err := rpc.Dial("x", rpc.ClientConfig{}); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("client: %v", err)
	}
	if server, client := rpc.DefaultServerConfig(), rpc.DefaultClientConfig("x"); server.Validate() != nil || client.Validate() != nil || client.PingInterval <= server.MinPingInterval {
		t.Error("the defaults do not suit each other")
	}
}
