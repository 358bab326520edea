package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/fault"
)

// outcome logs how calls end and turns their errors into statuses.
type outcome struct{ log *slog.Logger }

// panicked is the answer to a panic. It is given to go-grpc-middleware's
// recovery interceptor, which runs it where the panic is still on the stack.
func (o outcome) panicked(ctx context.Context, value any) error {
	o.log.ErrorContext(ctx, "panic", slog.String("panic", fmt.Sprint(value)), slog.String("stack", string(debug.Stack())))
	return internalError().Err()
}

func (o outcome) logUnary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (_ any, err error) {
	began, returned := time.Now(), false
	defer func() { o.access(ctx, info.FullMethod, began, returned, err) }()
	answer, err := handler(ctx, request)
	returned = true
	return answer, err
}

func (o outcome) logStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	began, returned := time.Now(), false
	defer func() { o.access(stream.Context(), info.FullMethod, began, returned, err) }()
	err = handler(srv, stream)
	returned = true
	return err
}

// access writes the line of one call. A call that has not returned is on its
// way out with a panic.
func (o outcome) access(ctx context.Context, method string, began time.Time, returned bool, err error) {
	st := status.Convert(err)
	if !returned {
		st = internalError()
	}
	level := slog.LevelInfo
	switch {
	case strings.HasPrefix(method, "/grpc.health."):
		level = slog.LevelDebug // probes would drown the rest
	case st.Code() == codes.Internal:
		level = slog.LevelError
	}
	if !o.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 4)
	attrs = append(attrs,
		slog.String("method", method),
		slog.String("code", st.Code().String()),
		slog.Duration("duration", time.Since(began)))
	if st.Code() != codes.OK {
		attrs = append(attrs, slog.String("reason", Reason(st)))
	}
	o.log.LogAttrs(ctx, level, "call", attrs...)
}

func (o outcome) mapUnary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	answer, err := handler(ctx, request)
	if err != nil {
		return nil, o.mapped(ctx, info.FullMethod, err)
	}
	return answer, nil
}

func (o outcome) mapStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := handler(srv, stream); err != nil {
		return o.mapped(stream.Context(), info.FullMethod, err)
	}
	return nil
}

// mapped is err as a status. What the caller is not told is logged: the whole
// error where it is a defect of ours, else its cause.
func (o outcome) mapped(ctx context.Context, method string, err error) error {
	st := Status(err)
	if level, worth := severity(st, err); worth {
		o.log.LogAttrs(ctx, level, "call failed",
			slog.String("method", method), slog.String("reason", Reason(st)), slog.String("error", err.Error()))
	}
	return st.Err()
}

func severity(st *status.Status, err error) (level slog.Level, worth bool) {
	var peer *PeerError
	f, isFault := fault.As(err)
	hidden := errors.As(err, &peer) || isFault && f.Unwrap() != nil
	switch st.Code() {
	case codes.Internal:
		return slog.LevelError, true
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded:
		return slog.LevelWarn, hidden
	default:
		return slog.LevelDebug, hidden
	}
}
