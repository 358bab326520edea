package app

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

const (
	// purgeGrace is how much longer the members of a superseded pass stay than
	// they may be read, so that no page under way loses its rows.
	purgeGrace = 10 * time.Minute
	// deletionGrace is how long a deletion may take from its note to its write.
	deletionGrace = time.Minute
)

// Over reports whether an operation is over, by its name.
type Over func(ctx context.Context, operation string) (bool, error)

// Sweep removes what nobody can read any more: members of passes superseded long
// ago, rows of passes that were never published, and what deleted segments leave.
// It also finishes what a publication that broke off has left to do.
func (a *App) Sweep(ctx context.Context, over Over) error {
	return errors.Join(a.sweepPasses(ctx, over), a.sweepDeletions(ctx, over), a.store.Erasures.Sweep(ctx))
}

func (a *App) sweepPasses(ctx context.Context, over Over) error {
	var failures []error
	for p, err := range a.store.Passes.Kept(ctx) {
		if err != nil {
			return err
		}
		if err := a.sweepPass(ctx, p, over); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func (a *App) sweepPass(ctx context.Context, p domain.Pass, over Over) error {
	ended := p.Published
	if !ended {
		// Asked before the segment is read: an operation that is over publishes
		// nothing more, but it may just have done so.
		var err error
		if ended, err = over(ctx, p.Operation); err != nil {
			return err
		}
	}
	s, err := a.store.Segments.Get(ctx, p.Segment)
	switch {
	case fault.KindOf(err) == fault.NotFound, err == nil && p.Generation <= s.Born:
		return nil // for sweepDeletions
	case err != nil:
		return err
	case p.Generation == s.Formed.Generation && p.Published:
		return nil
	case p.Generation == s.Formed.Generation:
		return a.mark(ctx, p, func(p *domain.Pass) bool {
			fresh := !p.Published
			p.Published = true
			return fresh
		})
	case p.Published:
		return a.sweepSuperseded(ctx, p)
	case ended:
		return a.discard(ctx, p.Segment, p.Generation)
	}
	return nil
}

func (a *App) sweepSuperseded(ctx context.Context, p domain.Pass) error {
	switch {
	case p.SupersededAt.IsZero():
		return a.mark(ctx, p, func(p *domain.Pass) bool {
			fresh := p.SupersededAt.IsZero()
			if fresh {
				p.SupersededAt = a.now()
			}
			return fresh
		})
	case p.SupersededAt.Before(a.now().Add(-a.keep - purgeGrace)):
		if err := a.store.Members.PurgeMembers(ctx, p.Segment, p.Generation); err != nil {
			return err
		}
		return a.mark(ctx, p, func(p *domain.Pass) bool {
			fresh := !p.Purged
			p.Purged, p.Hidden = true, nil
			return fresh
		})
	}
	return nil
}

// mark changes a pass, unless change says that there is nothing to change.
func (a *App) mark(ctx context.Context, p domain.Pass, change func(*domain.Pass) bool) error {
	_, err := a.store.Passes.Change(ctx, p.Segment, p.Generation, func(stored *domain.Pass) error {
		if !change(stored) {
			return docstore.ErrUnchanged
		}
		return nil
	})
	return err
}

func (a *App) sweepDeletions(ctx context.Context, over Over) error {
	noted, err := a.store.Deletions.All(ctx)
	if err != nil {
		return err
	}
	for _, d := range noted {
		if err := a.sweepDeletion(ctx, d, over); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) sweepDeletion(ctx context.Context, d store.Deletion, over Over) error {
	// Read first: a segment created anew from here on is born behind it.
	upTo, err := a.store.Generations.Last(ctx)
	if err != nil {
		return err
	}
	s, err := a.store.Segments.Get(ctx, d.Segment)
	switch {
	case fault.KindOf(err) == fault.NotFound:
	case err != nil:
		return err
	case s.Born == d.Born:
		if d.At.Before(a.now().Add(-deletionGrace)) {
			return a.store.Deletions.Forget(ctx, d) // it was not deleted after all
		}
		return nil
	default:
		upTo = s.Born
	}
	for p, err := range a.store.Passes.Of(ctx, d.Segment, upTo) {
		if err != nil {
			return err
		}
		if !p.Published {
			ended, err := over(ctx, p.Operation)
			if err != nil || !ended {
				return err // it may still write rows: later
			}
		}
	}
	if err := a.store.Members.PurgeAll(ctx, d.Segment, upTo); err != nil {
		return err
	}
	for p, err := range a.store.Passes.Of(ctx, d.Segment, upTo) {
		if err != nil {
			return err
		}
		if err := a.store.Passes.Forget(ctx, p.Segment, p.Generation); err != nil {
			return err
		}
	}
	return a.store.Deletions.Forget(ctx, d)
}
