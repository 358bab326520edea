package app

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Revision returns a revision of a segment, and whether it is the current one.
// Faults: SEGMENT_NOT_FOUND, REVISION_NOT_FOUND.
func (a *App) Revision(ctx context.Context, segment string, number int64) (r domain.Revision, current bool, err error) {
	s, err := a.store.Segments.Get(ctx, segment)
	if err != nil {
		return r, false, err
	}
	r, err = a.store.Revisions.Get(ctx, &s, number)
	return r, number == s.Revision, err
}

// Revisions lists the revisions of a segment, newest first, from behind a position:
// the first page begins with the current one. Faults: SEGMENT_NOT_FOUND.
func (a *App) Revisions(ctx context.Context, segment string, after *docstore.Position, size int) ([]domain.Revision, *docstore.Position, error) {
	s, err := a.store.Segments.Get(ctx, segment)
	if err != nil {
		return nil, nil, err
	}
	if after != nil {
		return a.store.Revisions.Page(ctx, &s, after, size)
	}
	first := []domain.Revision{s.Current()}
	switch {
	case s.Revision == 1:
		return first, nil, nil
	case size == 1:
		next := a.store.Revisions.Before(&s)
		return first, &next, nil
	}
	before, next, err := a.store.Revisions.Page(ctx, &s, nil, size-1)
	return append(first, before...), next, err
}

// Rollback gives a segment the definition of an earlier revision, as a new one.
// Faults: SEGMENT_NOT_FOUND, REVISION_NOT_FOUND, and those of Change.
func (a *App) Rollback(ctx context.Context, segment string, number int64, check Check) (domain.Segment, error) {
	return a.Change(ctx, segment, false, func(s *domain.Segment) error {
		if err := check(s); err != nil {
			return err
		}
		r, err := a.store.Revisions.Get(ctx, s, number)
		if err != nil {
			return err
		}
		if number != s.Revision && !r.Definition.Equal(s.Definition) {
			s.Definition, s.Restored = r.Definition, number
		}
		return nil
	})
}
