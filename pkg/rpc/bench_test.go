package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

// BenchmarkUnary is what the chain costs: the same call on a bare gRPC server
// and on ours, over TCP and over a pipe.
func BenchmarkUnary(b *testing.B) {
	for name, conn := range map[string]*grpc.ClientConn{
		"tcp/bare":  bareServer(b, true),
		"tcp/ours":  ourServer(b, true),
		"pipe/bare": bareServer(b, false),
		"pipe/ours": ourServer(b, false),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := call(b.Context(), conn, putMethod, "hello"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStream is the throughput of a server stream of 256 KiB messages.
func BenchmarkStream(b *testing.B) {
	for name, conn := range map[string]*grpc.ClientConn{
		"tcp/bare":  bareServer(b, true),
		"tcp/ours":  ourServer(b, true),
		"pipe/bare": bareServer(b, false),
		"pipe/ours": ourServer(b, false),
	} {
		b.Run(name, func(b *testing.B) { streamMessages(b, conn) })
	}
}

func streamMessages(b *testing.B, conn *grpc.ClientConn) {
	const messages = 64
	body := strings.Repeat("x", 256<<10)
	b.SetBytes(messages * int64(len(body)))
	for b.Loop() {
		stream, err := conn.NewStream(b.Context(), &grpc.StreamDesc{ServerStreams: true}, watchMethod)
		if err == nil {
			err = errors.Join(stream.SendMsg(newText(body)), stream.CloseSend())
		}
		if err != nil {
			b.Fatal(err)
		}
		for {
			err := stream.RecvMsg(dynamicpb.NewMessage(textType))
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

var repeating = echo{watch: func(text string, stream grpc.ServerStream) error {
	m := newText(text)
	for range 64 {
		if err := stream.SendMsg(m); err != nil {
			return err
		}
	}
	return nil
}}

func bareServer(b *testing.B, tcp bool) *grpc.ClientConn {
	b.Helper()
	server := grpc.NewServer()
	repeating.register(server)
	pipe := bufconn.Listen(1 << 20)
	var listener net.Listener = pipe
	target, dial := "passthrough:///x", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) })
	if tcp {
		var err error
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			b.Fatal(err)
		}
		target, dial = listener.Addr().String(), grpc.EmptyDialOption{}
	}
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()), dial)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(); server.Stop() })
	return conn
}

func ourServer(b *testing.B, tcp bool) *grpc.ClientConn {
	b.Helper()
	tc := telemetry.DefaultConfig()
	tc.Output = io.Discard
	tel, err := telemetry.Start(b.Context(), tc)
	if err != nil {
		b.Fatal(err)
	}
	server, err := rpc.NewServer(rpc.DefaultServerConfig(), rpc.WithTelemetry(tel))
	if err != nil {
		b.Fatal(err)
	}
	server.Register(repeating.register)
	cc := rpc.DefaultClientConfig("echo")
	cc.Telemetry = tel
	listener, conn, err := rpc.Pipe(cc)
	if err == nil && tcp {
		_ = conn.Close()
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err == nil {
			conn, err = rpc.Dial(listener.Addr().String(), cc)
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(ctx, listener) }()
	b.Cleanup(func() {
		_ = conn.Close()
		cancel()
		<-served
		_ = tel.Shutdown(context.Background())
	})
	return conn
}
