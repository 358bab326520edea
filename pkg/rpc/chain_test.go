package rpc_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// want fails unless err has the code, the reason and every violated field.
func want(t testing.TB, err error, code codes.Code, reason string, fields ...string) {
	t.Helper()
	st := status.Convert(err)
	if st.Code() != code || rpc.Reason(st) != reason {
		t.Errorf("got %v %q (%v), want %v %q", st.Code(), rpc.Reason(st), st.Message(), code, reason)
	}
	var got []string
	for _, detail := range st.Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range bad.FieldViolations {
				got = append(got, v.Field)
			}
		}
	}
	if strings.Join(got, " ") != strings.Join(fields, " ") {
		t.Errorf("violated fields %q, want %q", got, fields)
	}
}

func TestPanicIsLoggedAndAnswered(t *testing.T) {
	s := open(t, echo{
		unary: func(context.Context, string) (string, error) { panic("secret of the handler") },
		watch: func(string, grpc.ServerStream) error { panic(errors.New("secret of the stream")) },
	}, siteOptions{})
	_, err := call(t.Context(), s.conn, getMethod, "x")
	want(t, err, codes.Internal, "INTERNAL")
	stream, err := s.conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, watchMethod)
	if err == nil {
		err = errors.Join(stream.SendMsg(newText("x")), stream.CloseSend())
	}
	if err != nil {
		t.Fatal(err)
	}
	err = stream.RecvMsg(dynamicpb.NewMessage(textType))
	want(t, err, codes.Internal, "INTERNAL")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the caller is told %q", err)
	}

	panics := s.logs.lines("panic")
	if len(panics) != 2 || !strings.Contains(panics[0]["stack"].(string), "chain_test.go") || panics[0]["request_id"] == nil {
		t.Errorf("panics logged: %v", panics)
	}
	eventually(t, "an access line for each", func() bool { return len(s.logs.lines("call")) == 2 })
	for _, line := range s.logs.lines("call") {
		if line["code"] != "Internal" || line["request_id"] == nil {
			t.Errorf("access line %v", line)
		}
	}
	if _, err := call(t.Context(), s.conn, putMethod, ""); status.Code(err) != codes.InvalidArgument {
		t.Errorf("the server does not live on: %v", err)
	}
}

func TestValidationNamesEveryField(t *testing.T) {
	handled := false
	s := open(t, echo{unary: func(context.Context, string) (string, error) { handled = true; return "", nil }}, siteOptions{})
	err := s.conn.Invoke(t.Context(), putMethod, newText("", 5, -1, 0), dynamicpb.NewMessage(textType))
	want(t, err, codes.InvalidArgument, "INVALID_FIELD", "text", "items[1].amount", "items[2].amount")
	if handled {
		t.Error("the handler ran")
	}
	eventually(t, "an access line with the reason", func() bool {
		lines := s.logs.lines("call")
		return len(lines) == 1 && lines[0]["reason"] == "INVALID_FIELD" && lines[0]["method"] == putMethod
	})
}

func TestEveryMessageOfAStreamIsValidated(t *testing.T) {
	received := make(chan string, 10)
	s := open(t, echo{chat: func(stream grpc.ServerStream) error {
		for {
			in := dynamicpb.NewMessage(textType)
			if err := stream.RecvMsg(in); err != nil {
				return err
			}
			received <- textOf(in)
		}
	}}, siteOptions{})
	stream, err := s.conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, chatMethod)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*dynamicpb.Message{newText("one"), newText("two", 1), newText("three", 0)} {
		if err := stream.SendMsg(m); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	err = stream.RecvMsg(dynamicpb.NewMessage(textType))
	want(t, err, codes.InvalidArgument, "INVALID_FIELD", "items[0].amount")
	if len(received) != 2 {
		t.Errorf("%d messages reached the handler, want the 2 good ones", len(received))
	}
}

// The server's own interceptors stand between deadline and validation: they see
// a bounded context and a request id, and decide before the content is looked at.
func TestOwnInterceptorsComeBeforeValidation(t *testing.T) {
	var bounded, identified bool
	deny := func(ctx context.Context, _ any, _ *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
		_, bounded = ctx.Deadline()
		identified = rpc.RequestID(ctx) != ""
		return nil, fault.New(fault.PermissionDenied, "PERMISSION_MISSING", "no")
	}
	s := open(t, echo{}, siteOptions{options: []rpc.ServerOption{rpc.WithInterceptors(deny, nil)}})
	_, err := call(t.Context(), s.conn, getMethod, "")
	want(t, err, codes.PermissionDenied, "PERMISSION_MISSING")
	if !bounded || !identified {
		t.Errorf("deadline %v, request id %v", bounded, identified)
	}
}

func TestRequestID(t *testing.T) {
	s := open(t, echo{unary: func(ctx context.Context, _ string) (string, error) { return rpc.RequestID(ctx), nil }}, siteOptions{})
	for given, kept := range map[string]bool{
		"order-42.a_B": true, "": false, "two words": false, strings.Repeat("x", 129): false, "<script>": false,
	} {
		var trailer metadata.MD
		ctx := metadata.AppendToOutgoingContext(t.Context(), rpc.RequestIDHeader, given)
		got, err := call(ctx, s.conn, getMethod, "x", grpc.Trailer(&trailer))
		if err != nil {
			t.Fatal(err)
		}
		if (got == given) != kept || got == "" {
			t.Errorf("given %q, the handler saw %q", given, got)
		}
		if sent := trailer.Get(rpc.RequestIDHeader); len(sent) != 1 || sent[0] != got {
			t.Errorf("sent back %q, the handler saw %q", sent, got)
		}
	}
}

func TestDeadlines(t *testing.T) {
	left := make(chan time.Duration, 1)
	s := open(t, echo{unary: func(ctx context.Context, _ string) (string, error) {
		at, given := ctx.Deadline()
		if !given {
			at = time.Now()
		}
		left <- time.Until(at)
		return "", nil
	}}, siteOptions{
		tcp:    true,
		config: func(c *rpc.ServerConfig) { c.DefaultDeadline, c.MaxDeadline = 7*time.Second, time.Minute },
	})
	bare := plainConn(t, s.target)

	if _, err := call(t.Context(), bare, getMethod, "x"); err != nil {
		t.Fatal(err)
	}
	if got := <-left; got < 6*time.Second || got > 7*time.Second {
		t.Errorf("without a deadline the handler has %v, want the server's 7s", got)
	}
	if _, err := call(t.Context(), s.conn, getMethod, "x"); err != nil {
		t.Fatal(err)
	}
	if got := <-left; got < 4*time.Second || got > 5*time.Second {
		t.Errorf("through our client it has %v, want the client's 5s", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := call(ctx, s.conn, getMethod, "x"); err != nil {
		t.Fatal(err)
	}
	if got := <-left; got < 19*time.Second || got > 20*time.Second {
		t.Errorf("with the caller's own 20s it has %v", got)
	}
	absurd, cancelAbsurd := context.WithTimeout(t.Context(), 100000*time.Hour)
	defer cancelAbsurd()
	_, err := call(absurd, s.conn, getMethod, "x")
	want(t, err, codes.InvalidArgument, "DEADLINE_TOO_LONG", "grpc-timeout")
}

func TestHandlerThatOutlastsItsDeadline(t *testing.T) {
	s := open(t, echo{unary: func(ctx context.Context, _ string) (string, error) { <-ctx.Done(); return "", ctx.Err() }},
		siteOptions{tcp: true, config: func(c *rpc.ServerConfig) { c.DefaultDeadline = 30 * time.Millisecond }})
	bare := plainConn(t, s.target)
	_, err := call(t.Context(), bare, getMethod, "x")
	want(t, err, codes.DeadlineExceeded, "DEADLINE_EXCEEDED")
}

// garbage sends bytes that are no protobuf.
type garbage struct{ encoding.CodecV2 }

func (garbage) Name() string { return "proto" }
func (garbage) Marshal(any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 'x'})}, nil
}

func TestMalformedMessageIsTheCallersMistake(t *testing.T) {
	s := open(t, echo{
		watch: func(string, grpc.ServerStream) error { return nil },
		chat:  func(stream grpc.ServerStream) error { return stream.RecvMsg(dynamicpb.NewMessage(textType)) },
	}, siteOptions{})
	broken := grpc.ForceCodecV2(garbage{encoding.GetCodecV2("proto")})
	_, err := call(t.Context(), s.conn, getMethod, "x", broken)
	want(t, err, codes.InvalidArgument, "MALFORMED_MESSAGE")
	for method, desc := range map[string]*grpc.StreamDesc{
		watchMethod: {ServerStreams: true}, chatMethod: {ServerStreams: true, ClientStreams: true},
	} {
		stream, err := s.conn.NewStream(t.Context(), desc, method, broken)
		if err == nil {
			err = errors.Join(stream.SendMsg(newText("x")), stream.CloseSend())
		}
		if err != nil {
			t.Fatal(err)
		}
		want(t, stream.RecvMsg(dynamicpb.NewMessage(textType)), codes.InvalidArgument, "MALFORMED_MESSAGE")
	}
	eventually(t, "each is in the access log", func() bool { return len(s.logs.lines("call")) == 3 })
}

func TestLimits(t *testing.T) {
	s := open(t, echo{}, siteOptions{config: func(c *rpc.ServerConfig) {
		c.MaxReceive, c.MaxHeaders = 64*config.KiB, 8*config.KiB
	}})
	if _, err := call(t.Context(), s.conn, putMethod, strings.Repeat("x", 60<<10)); err != nil {
		t.Errorf("below the limit: %v", err)
	}
	_, err := call(t.Context(), s.conn, putMethod, strings.Repeat("x", 65<<10))
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("above the limit: %v", err)
	}
	big := metadata.AppendToOutgoingContext(t.Context(), "x-big", strings.Repeat("x", 16<<10))
	if _, err := call(big, s.conn, putMethod, "x"); err == nil {
		t.Error("a header list above the limit was taken")
	}
	if _, err := call(t.Context(), s.conn, putMethod, "x"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestUnknownMethodAndReflectionOff(t *testing.T) {
	s := open(t, echo{}, siteOptions{config: func(c *rpc.ServerConfig) { c.Reflection = false }})
	for _, method := range []string{
		"/kehu.rpctest.v1.Echo/Nothing", "/no.such.Service/Get",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
	} {
		_, err := call(t.Context(), s.conn, method, "x")
		want(t, err, codes.Unimplemented, "METHOD_UNKNOWN")
	}
}
