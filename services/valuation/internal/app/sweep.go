package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// sweepEvery is how often what nobody needs any more is looked for.
const sweepEvery = time.Minute

// Sweeper removes the spools of refreshes that are over, what failed ones have
// written, and generations that have been superseded for long enough.
type Sweeper struct {
	Store *store.Store
	// Over reports whether an operation is over, by its name.
	Over  func(ctx context.Context, operation string) (bool, error)
	Keep  time.Duration // how long a superseded generation is kept
	Clock func() time.Time
	Log   *slog.Logger
	Rooms []Room
}

// Serve sweeps now and then until ctx ends.
func (s *Sweeper) Serve(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "superseded valuations were not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Sweep removes what is not needed at this moment. What a sweep that broke off
// has left is removed once all before it is superseded too.
func (s *Sweeper) Sweep(ctx context.Context) error {
	refreshing, err := s.Store.Publication.Refreshing(ctx)
	if err != nil {
		return err
	}
	var over []string
	for operation := range refreshing {
		ended, err := s.Over(ctx, operation)
		if err != nil {
			return err
		}
		if ended {
			over = append(over, operation)
		}
	}
	gone, err := s.Store.Publication.Retire(ctx, s.Clock().Add(-s.Keep), over)
	if err != nil {
		return err
	}
	for _, generation := range gone.Spools {
		if err := s.Store.Spool.Purge(ctx, generation); err != nil {
			return err
		}
	}
	for _, generation := range gone.Whole {
		if err := s.Store.Purge(ctx, generation); err != nil {
			return err
		}
	}
	return errors.Join(s.Store.PurgeBelow(ctx, gone.Oldest), s.Store.Erasures.Sweep(ctx), s.sweepRooms(ctx))
}
