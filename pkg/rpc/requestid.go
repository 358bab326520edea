package rpc

import (
	"context"
	"log/slog"

	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2"
	"github.com/oklog/ulid/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/kehuhq/kehu/pkg/telemetry"
)

// RequestIDHeader carries the id that ties together the log lines of one
// request in every service it passes. It comes back as a trailer: an answer
// that begins with headers counts as begun, and gRPC would not retry it.
const RequestIDHeader = "x-request-id"

type requestIDKey struct{}

// RequestID is the id of the request that ctx belongs to, empty outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// identify gives ctx a request id: the caller's, where it is fit for a log
// line, or a new one.
func identify(ctx context.Context) (context.Context, metadata.MD) {
	var id string
	if given := metadata.ValueFromIncomingContext(ctx, RequestIDHeader); len(given) == 1 && validRequestID(given[0]) {
		id = given[0]
	} else {
		id = ulid.Make().String()
	}
	ctx = context.WithValue(ctx, requestIDKey{}, id)
	return telemetry.With(ctx, slog.String("request_id", id)), metadata.Pairs(RequestIDHeader, id)
}

func validRequestID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

func identifyUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, trailer := identify(ctx)
	_ = grpc.SetTrailer(ctx, trailer) // fails only outside of a call
	return handler(ctx, request)
}

func identifyStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	wrapped := middleware.WrapServerStream(stream)
	ctx, trailer := identify(stream.Context())
	wrapped.WrappedContext = ctx
	stream.SetTrailer(trailer)
	return handler(srv, wrapped)
}
