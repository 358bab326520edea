package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/fault"
)

// deadline bounds unary calls. Streams are bounded by their callers: an import
// or a watch may rightly last for hours.
type deadline struct{ standard, longest time.Duration }

func (d deadline) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	at, given := ctx.Deadline()
	switch {
	case !given && d.standard > 0:
		bounded, cancel := context.WithTimeout(ctx, d.standard)
		defer cancel()
		ctx = bounded
	case given && d.longest > 0 && time.Until(at) > d.longest:
		f := fault.Invalid("grpc-timeout", "must be at most %s", d.longest)
		f.Reason = "DEADLINE_TOO_LONG"
		return nil, f
	}
	return handler(ctx, request)
}
