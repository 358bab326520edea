package rpc

import (
	"context"
	"errors"
	"io"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

// connectTimeout bounds one attempt to connect, so that a call to a peer whose
// address swallows packets fails as unavailable within the usual deadline.
const connectTimeout = 2 * time.Second

// Dial makes a connection to the peer at target (host:port or a gRPC target).
// It connects with the first call and reconnects by itself. While the peer is
// down calls fail as UNAVAILABLE, within their deadline, as *PeerError; methods
// that change nothing are tried again first. Without credentials among the
// options the connection is in clear text.
func Dial(target string, c ClientConfig, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	call := caller{c.Peer, c.Deadline}
	all := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(), // peers are neighbours
		grpc.WithChainUnaryInterceptor(call.unary),
		grpc.WithChainStreamInterceptor(call.stream),
		grpc.WithDefaultServiceConfig(serviceConfig(c)),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(int(c.MaxReceive))),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: c.MaxBackoff},
			MinConnectTimeout: connectTimeout,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: c.PingInterval, Timeout: 10 * time.Second}),
	}
	if t := c.Telemetry; t != nil {
		all = append(all, grpc.WithStatsHandler(otelgrpc.NewClientHandler(
			otelgrpc.WithTracerProvider(t.Tracers), otelgrpc.WithMeterProvider(t.Meters), otelgrpc.WithPropagators(t.Propagator))))
	}
	return grpc.NewClient(target, append(all, options...)...)
}

// caller is what every call to one peer has in common.
type caller struct {
	peer     string
	deadline time.Duration
}

func (c caller) unary(ctx context.Context, method string, request, answer any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, given := ctx.Deadline(); !given {
		bounded, cancel := context.WithTimeout(ctx, c.deadline)
		defer cancel()
		ctx = bounded
	}
	if err := invoke(forward(ctx), method, request, answer, conn, options...); err != nil {
		return newPeerError(c.peer, method, err)
	}
	return nil
}

func (c caller) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(forward(ctx), desc, conn, method, options...)
	if err != nil {
		return nil, newPeerError(c.peer, method, err)
	}
	return &peerStream{stream, c.peer, method}, nil
}

// forward passes the id of the request being served on to the peer.
func forward(ctx context.Context) context.Context {
	if id := RequestID(ctx); id != "" {
		return metadata.AppendToOutgoingContext(ctx, RequestIDHeader, id)
	}
	return ctx
}

// peerStream names the peer in the errors of a stream.
type peerStream struct {
	grpc.ClientStream
	peer, method string
}

func (s *peerStream) SendMsg(m any) error { return s.named(s.ClientStream.SendMsg(m)) }
func (s *peerStream) RecvMsg(m any) error { return s.named(s.ClientStream.RecvMsg(m)) }
func (s *peerStream) CloseSend() error    { return s.named(s.ClientStream.CloseSend()) }
func (s *peerStream) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	return md, s.named(err)
}

func (s *peerStream) named(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return newPeerError(s.peer, s.method, err)
}
