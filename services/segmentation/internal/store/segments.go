package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Segments keeps the segments.
type Segments struct {
	docs    *docstore.Collection[segment]
	shown   Shown
	serving Serving
}

func openSegments(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Segments, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[segment]{Name: "segments"}, docstore.WithClock(clock))
	return &Segments{docs: docs}, err
}

// SegmentNotFound is the fault for a segment that does not exist.
func SegmentNotFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "SEGMENT_NOT_FOUND", "there is no segment %q", id).With("segment", "segments/"+id)
}

// Get returns a segment, or a NotFound fault SEGMENT_NOT_FOUND.
func (s *Segments) Get(ctx context.Context, id string) (domain.Segment, error) {
	doc, err := s.docs.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return domain.Segment{}, SegmentNotFound(id)
	}
	if err != nil {
		return domain.Segment{}, err
	}
	return s.one(ctx, doc)
}

// GetMany returns one entry per id, nil where there is no such segment: all as of the
// same pass.
func (s *Segments) GetMany(ctx context.Context, ids []string) ([]*domain.Segment, error) {
	return s.together(ctx, func() ([]*segment, error) {
		return s.docs.GetMany(ctx, ids) // ids of segments need no escapes
	})
}

// All yields the segments in the order of their ids, as of the same pass unless one has
// overtaken the reading.
func (s *Segments) All(ctx context.Context) iter.Seq2[domain.Segment, error] {
	return func(yield func(domain.Segment, error) bool) {
		upTo, err := s.upTo(ctx)
		if err != nil {
			yield(domain.Segment{}, err)
			return
		}
		settling := settler{Segments: s, upTo: upTo}
		for doc, err := range s.docs.Scan(ctx, docstore.Range{}) {
			if err != nil {
				yield(domain.Segment{}, err)
				return
			}
			found := doc.domain()
			if err := settling.settle(ctx, &found); err != nil {
				yield(domain.Segment{}, err)
				return
			}
			if !yield(found, nil) {
				return
			}
		}
	}
}

// Page lists segments in the order of their ids, from behind a position. The
// position returned is where the next page begins, nil at the end. A page is as of one
// pass.
func (s *Segments) Page(ctx context.Context, after *docstore.Position, size int) ([]domain.Segment, *docstore.Position, error) {
	var next *docstore.Position
	found, err := s.together(ctx, func() (docs []*segment, err error) {
		docs, next, err = s.docs.Page(ctx, docstore.Range{After: after, Limit: size})
		return docs, err
	})
	segments := make([]domain.Segment, len(found))
	for i, of := range found {
		segments[i] = *of
	}
	return segments, next, err
}

// Insert stores a new segment and notes its version in it. Where there is one of
// that id it returns docstore.ErrConflict.
func (s *Segments) Insert(ctx context.Context, created *domain.Segment) error {
	doc := segmentDoc(created)
	err := s.docs.Insert(ctx, doc)
	if err == nil {
		created.Version, created.UpdatedAt = doc.Version, doc.UpdatedAt
	}
	return err
}

// Change reads a segment, lets change alter it, and writes it, again if somebody
// else was faster. docstore.ErrUnchanged leaves it as it is. It returns what is
// stored in the end, or a NotFound fault.
func (s *Segments) Change(ctx context.Context, id string, change func(*domain.Segment) error) (domain.Segment, error) {
	doc, err := s.docs.Update(ctx, docstore.ID(id), func(doc *segment) error {
		changed, err := s.one(ctx, doc)
		if err != nil {
			return err
		}
		if err := change(&changed); err != nil {
			return err
		}
		meta := doc.Meta
		*doc = *segmentDoc(&changed)
		doc.Meta = meta
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return domain.Segment{}, SegmentNotFound(id)
	}
	if err != nil {
		return domain.Segment{}, err
	}
	return s.one(ctx, doc)
}

// Replace writes a segment if it still has the version that it was read with, and
// notes the new one in it. Otherwise it returns docstore.ErrConflict.
func (s *Segments) Replace(ctx context.Context, changed *domain.Segment) error {
	doc := segmentDoc(changed)
	err := s.docs.Replace(ctx, doc)
	if err == nil {
		changed.Version, changed.UpdatedAt = doc.Version, doc.UpdatedAt
	}
	return err
}

// Delete removes a segment at a version. It returns docstore.ErrConflict where it
// has another, ErrNotFound where there is none.
func (s *Segments) Delete(ctx context.Context, id string, version int64) error {
	return s.docs.Delete(ctx, docstore.ID(id), version)
}
