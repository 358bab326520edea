package app

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// Create stores a new segment as a draft. The same Request again returns the
// segment that is there. Faults: SEGMENT_EXISTS, REQUEST_ID_REUSED, and those of
// the definition.
func (a *App) Create(ctx context.Context, s domain.Segment, validateOnly bool) (domain.Segment, error) {
	if f := domain.CheckSegmentID("segment_id", s.ID); f != nil {
		return s, f
	}
	asks, err := a.checkDefinition(ctx, &s)
	if err != nil {
		return s, err
	}
	for {
		existing, err := a.store.Segments.Get(ctx, s.ID)
		if err == nil {
			return existing, exists(&existing, s.Request)
		}
		if fault.KindOf(err) != fault.NotFound {
			return s, err
		}
		created := s
		created.State, created.Revision, created.Edits, created.CreatedAt = domain.Draft, 1, 1, a.now()
		created.DefinedAt = created.CreatedAt
		if validateOnly {
			created.UpdatedAt = created.CreatedAt
			return created, a.checkAsks(ctx, created.ID, asks)
		}
		if created.Born, err = a.store.Generations.Next(ctx); err != nil {
			return s, err
		}
		err = a.guarded(ctx, domain.Claim{Segment: s.ID, Asks: asks}, func() error { return a.store.Segments.Insert(ctx, &created) })
		if !errors.Is(err, docstore.ErrConflict) {
			return created, err
		}
	}
}

// exists is nil when the segment was created by the same request.
func exists(s *domain.Segment, request domain.RequestKey) error {
	switch {
	case request.ID != "" && s.Request == request:
		return nil
	case request.ID != "" && s.Request.ID == request.ID:
		return fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id: was used with another segment; take a new one").
			With("segment", "segments/"+s.ID)
	}
	return fault.New(fault.AlreadyExists, "SEGMENT_EXISTS", "segment %q exists already", s.ID).With("segment", "segments/"+s.ID)
}

// Change reads a segment, lets change alter its texts and definition, and writes
// it. change may run several times. Without a difference nothing is written. Faults
// besides those of change and of the definition: SEGMENT_ARCHIVED.
func (a *App) Change(ctx context.Context, id string, validateOnly bool, change func(*domain.Segment) error) (domain.Segment, error) {
	for {
		s, err := a.store.Segments.Get(ctx, id)
		if err != nil {
			return s, err
		}
		before := s
		s.Restored = 0
		if err := change(&s); err != nil {
			return before, err
		}
		changed, err := a.write(ctx, before, s, validateOnly)
		if !errors.Is(err, docstore.ErrConflict) {
			return changed, err
		}
	}
}

// write stores what a caller made of a segment, or ErrConflict.
func (a *App) write(ctx context.Context, before, s domain.Segment, validateOnly bool) (domain.Segment, error) {
	redefined := !s.Definition.Equal(before.Definition)
	if !redefined && s.DisplayName == before.DisplayName && s.Description == before.Description && maps.Equal(s.Labels, before.Labels) {
		return before, nil
	}
	if before.State == domain.Archived {
		return before, archived(before.ID)
	}
	s.Edits++
	if !redefined {
		s.Restored = before.Restored
		if validateOnly {
			return s, nil
		}
		return s, a.store.Segments.Replace(ctx, &s)
	}
	s.Revision, s.DefinedAt, s.Turn = before.Revision+1, a.now(), nil
	asks, err := a.checkDefinition(ctx, &s)
	if err != nil {
		return before, err
	}
	if s.Live() {
		if err := a.checkPublished(ctx, asks); err != nil {
			return before, err
		}
	}
	if validateOnly {
		return s, a.checkAsks(ctx, s.ID, asks)
	}
	err = a.guarded(ctx, domain.Claim{Segment: s.ID, Asks: asks}, func() error {
		if err := a.store.Revisions.Keep(ctx, &before); err != nil {
			return err
		}
		return a.store.Segments.Replace(ctx, &s)
	})
	a.worker.Wake()
	return s, err
}

// Tell notes what a segment becomes when another run of its scheme serves. Faults:
// SEGMENT_NOT_FOUND.
func (a *App) Tell(ctx context.Context, id string, turn domain.Turn) error {
	turn.At = a.now()
	_, err := a.store.Segments.Change(ctx, id, func(s *domain.Segment) error {
		s.Turn = &turn
		return a.store.Revisions.Keep(ctx, s) // which will be replaced without a write
	})
	a.worker.Wake()
	return err
}

func archived(id string) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "SEGMENT_ARCHIVED", "segment %q is archived; publish it first", id).With("segment", "segments/"+id)
}

// Delete removes a segment. check sees it first. What it leaves behind, which nobody
// can read any more, is removed afterwards. Faults: SEGMENT_IN_USE.
func (a *App) Delete(ctx context.Context, id string, check func(*domain.Segment) error) error {
	for {
		s, err := a.store.Segments.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := check(&s); err != nil {
			return err
		}
		if err := a.CheckUnused(ctx, id); err != nil {
			return err
		}
		deletion := store.Deletion{Segment: id, Born: s.Born, At: a.now()}
		if deletion.List, err = a.listOf(ctx, &s); err != nil {
			return err
		}
		if err := a.store.Deletions.Note(ctx, deletion); err != nil {
			return err
		}
		err = a.guarded(ctx, domain.Claim{Segment: id, Leaves: true}, func() error {
			return a.store.Segments.Delete(ctx, id, s.Version)
		})
		if errors.Is(err, docstore.ErrNotFound) {
			return store.SegmentNotFound(id)
		}
		if err == nil {
			a.worker.Wake()
			if err := a.store.Revisions.Purge(ctx, id, s.Born); err != nil {
				return err
			}
			if deletion.List != "" {
				return nil // Tidy takes the customers off it
			}
			return a.store.Deletions.Forget(ctx, deletion)
		}
		if !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
}

// listOf is by what facts name the list that a segment is or once was; empty of others.
func (a *App) listOf(ctx context.Context, s *domain.Segment) (string, error) {
	if s.Definition.List {
		return s.ListKey(), nil
	}
	before, _, err := a.store.Revisions.Page(ctx, s, nil, 0)
	if slices.ContainsFunc(before, func(r domain.Revision) bool { return r.Definition.List }) {
		return s.ListKey(), nil
	}
	return "", err
}
