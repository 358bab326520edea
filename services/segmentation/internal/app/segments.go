package app

import (
	"context"
	"errors"

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
	if err := a.checkDefinition(s.Definition); err != nil {
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
		created.State, created.Revision, created.CreatedAt = domain.Draft, 1, a.now()
		if validateOnly {
			created.UpdatedAt = created.CreatedAt
			return created, nil
		}
		if created.Born, err = a.store.Generations.Next(ctx); err != nil {
			return s, err
		}
		err = a.store.Segments.Insert(ctx, &created)
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

// checkDefinition reports, besides what Definition.Check does, a rule that does
// not compile.
func (a *App) checkDefinition(d domain.Definition) error {
	if f := d.Check(); f != nil {
		return f
	}
	if d.Rule == "" {
		return nil
	}
	_, err := a.rules.Compile(d.Rule)
	return err
}

// Change reads a segment, lets change alter its texts and definition, and writes
// it. change may run several times. Without a difference nothing is written.
func (a *App) Change(ctx context.Context, id string, validateOnly bool, change func(*domain.Segment) error) (domain.Segment, error) {
	apply := func(s *domain.Segment) error {
		before := *s
		if err := change(s); err != nil {
			return err
		}
		sameDefinition := s.Definition.Equal(before.Definition)
		if sameDefinition && s.DisplayName == before.DisplayName && s.Description == before.Description {
			return docstore.ErrUnchanged
		}
		if !sameDefinition {
			s.Revision++
			return a.checkDefinition(s.Definition)
		}
		return nil
	}
	if !validateOnly {
		return a.store.Segments.Change(ctx, id, apply)
	}
	s, err := a.store.Segments.Get(ctx, id)
	if err != nil {
		return s, err
	}
	if err = apply(&s); errors.Is(err, docstore.ErrUnchanged) {
		err = nil
	}
	return s, err
}

// Delete removes a segment. check sees the version first. What it leaves behind,
// which nobody can read any more, Sweep removes.
func (a *App) Delete(ctx context.Context, id string, check func(version int64) error) error {
	for {
		s, err := a.store.Segments.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := check(s.Version); err != nil {
			return err
		}
		if err := a.store.Deletions.Note(ctx, store.Deletion{Segment: id, Born: s.Born, At: a.now()}); err != nil {
			return err
		}
		err = a.store.Segments.Delete(ctx, id, s.Version)
		if errors.Is(err, docstore.ErrNotFound) {
			return store.SegmentNotFound(id)
		}
		if !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
}
