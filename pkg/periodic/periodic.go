// Package periodic repeats work in the background, such as sweeping up what a
// crash left behind.
package periodic

import (
	"context"
	"log/slog"
	"time"
)

// Run does work at intervals until ctx ends, the first time after one interval.
// A failure is logged under name: the next time it may succeed.
func Run(ctx context.Context, log *slog.Logger, every time.Duration, name string, work func(context.Context) error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := work(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, name+" failed", slog.Any("error", err))
		}
	}
}
