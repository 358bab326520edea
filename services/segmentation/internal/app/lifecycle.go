package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Check sees a segment before it is changed; its error ends the change.
type Check func(*domain.Segment) error

// Pause stops the forming of a published segment. Faults: SEGMENT_NOT_PUBLISHED,
// SEGMENT_IN_USE.
func (a *App) Pause(ctx context.Context, id string, check Check) (domain.Segment, error) {
	return a.leave(ctx, id, domain.Paused, check)
}

// Archive puts a segment away. Faults: SEGMENT_IN_USE.
func (a *App) Archive(ctx context.Context, id string, check Check) (domain.Segment, error) {
	return a.leave(ctx, id, domain.Archived, check)
}

// leave brings a segment into a state in which nobody may ask about it.
func (a *App) leave(ctx context.Context, id string, to domain.State, check Check) (domain.Segment, error) {
	return a.move(ctx, id, check, func(s domain.Segment) (domain.Segment, error) {
		switch {
		case s.State == to:
			return s, nil
		case to == domain.Paused && s.State != domain.Published:
			return s, notPublished(&s, "cannot be paused")
		case to == domain.Archived:
			if err := a.CheckUnused(ctx, id); err != nil {
				return s, err
			}
		}
		s.State, s.Wanted = to, false
		s.Edits++
		return s, a.guarded(ctx, domain.Claim{Segment: id, Leaves: true}, func() error { return a.store.Segments.Replace(ctx, &s) })
	})
}

// Resume has a paused segment formed anew. Faults: SEGMENT_NOT_PAUSED,
// SEGMENT_NOT_PUBLISHED of those that it asks about.
func (a *App) Resume(ctx context.Context, id string, check Check) (domain.Segment, error) {
	return a.move(ctx, id, check, func(s domain.Segment) (domain.Segment, error) {
		switch s.State {
		case domain.Published:
			return s, nil
		case domain.Paused:
			return a.want(ctx, s, domain.Published)
		}
		return s, fault.New(fault.FailedPrecondition, "SEGMENT_NOT_PAUSED", "segment %q is not paused but %s", id, s.State).
			With("segment", "segments/"+id)
	})
}

// Want has a segment formed, and published with that if it is not. Those that it asks
// about must be published, or be among those wanted with it. Faults: those of its
// definition, SEGMENT_NOT_PUBLISHED.
func (a *App) Want(ctx context.Context, id string, with ...string) (domain.Segment, error) {
	return a.move(ctx, id, nil, func(s domain.Segment) (domain.Segment, error) {
		to := s.State
		switch to {
		case domain.Archived:
			to = domain.Draft // until it is formed
		case domain.Paused:
			to = domain.Published
		}
		return a.want(ctx, s, to, with...)
	})
}

// Unwant takes back that a draft was wanted, which could not be formed.
func (a *App) Unwant(ctx context.Context, id string) error {
	_, err := a.move(ctx, id, nil, func(s domain.Segment) (domain.Segment, error) {
		if s.State != domain.Draft || !s.Wanted {
			return s, nil
		}
		s.Wanted = false
		s.Edits++
		return s, a.store.Segments.Replace(ctx, &s)
	})
	return err
}

func (a *App) want(ctx context.Context, s domain.Segment, to domain.State, with ...string) (domain.Segment, error) {
	asks, err := a.checkDefinition(ctx, &s)
	if err != nil {
		return s, err
	}
	if err := a.checkPublished(ctx, asks, with...); err != nil {
		return s, err
	}
	if s.State == to && s.Wanted {
		return s, nil
	}
	if s.State != to || s.State == domain.Draft {
		s.Edits++
	}
	s.State, s.Wanted = to, true
	err = a.guarded(ctx, domain.Claim{Segment: s.ID, Asks: asks}, func() error { return a.store.Segments.Replace(ctx, &s) })
	return s, err
}

// move changes the state of a segment, again if somebody else was faster.
func (a *App) move(ctx context.Context, id string, check Check, to func(domain.Segment) (domain.Segment, error)) (domain.Segment, error) {
	for {
		s, err := a.store.Segments.Get(ctx, id)
		if err != nil {
			return s, err
		}
		if check != nil {
			if err := check(&s); err != nil {
				return s, err
			}
		}
		if s, err = to(s); !errors.Is(err, docstore.ErrConflict) {
			a.worker.Wake()
			return s, err
		}
	}
}

func notPublished(s *domain.Segment, what string) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "SEGMENT_NOT_PUBLISHED", "segment %q is not published but %s, and %s", s.ID, s.State, what).
		With("segment", "segments/"+s.ID)
}
