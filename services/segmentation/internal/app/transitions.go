package app

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// Transitions lists who entered and left a segment, newest pass first, from
// behind a position. The position returned is where the next page begins, nil at
// the end. Passes are read one after another, published ones alone: what others
// have written is not seen. Faults: SEGMENT_NOT_FOUND.
func (a *App) Transitions(ctx context.Context, segment string, after *docstore.Position, size int) ([]domain.Transition, *docstore.Position, error) {
	s, err := a.store.Segments.Get(ctx, segment)
	if err != nil || s.Formed.Generation == 0 {
		return nil, nil, err
	}
	upTo := s.Formed.Generation
	if after != nil {
		if upTo, err = store.MoveGeneration(*after); err != nil {
			return nil, nil, err
		}
	}
	var page []domain.Transition
	for p, err := range a.moves(ctx, s, upTo) {
		if err != nil {
			return nil, nil, err
		}
		from := after
		if p.Generation != upTo {
			from = nil
		}
		rows, err := a.store.Members.Moves(ctx, segment, p.Generation, from, size+1-len(page)) // one more tells whether there is a next page
		if err != nil {
			return nil, nil, err
		}
		for _, m := range rows {
			if len(page) == size {
				last := page[size-1]
				next := store.MovePosition(segment, last.Generation, rowKey(last.Customer))
				return page, &next, nil
			}
			page = append(page, domain.Transition{Customer: customerOf(m.Customer), Left: m.Left, At: p.At, Generation: p.Generation})
		}
	}
	return page, nil, nil
}

// moves yields the published passes of a segment from a generation down. The
// current one counts as published even where it is not marked yet.
func (a *App) moves(ctx context.Context, s domain.Segment, upTo int64) func(func(domain.Pass, error) bool) {
	return func(yield func(domain.Pass, error) bool) {
		if upTo >= s.Formed.Generation {
			current := domain.Pass{Segment: s.ID, Generation: s.Formed.Generation, At: s.Formed.At}
			if !yield(current, nil) {
				return
			}
			upTo = s.Formed.Generation - 1
		}
		for p, err := range a.store.Passes.Moves(ctx, s.ID, s.Born, upTo) {
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}
