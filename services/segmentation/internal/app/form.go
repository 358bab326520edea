package app

import (
	"context"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// CheckPublish reports why a segment cannot be published: faults of its definition,
// and SEGMENT_NOT_PUBLISHED of those that it asks about.
func (a *App) CheckPublish(ctx context.Context, id string) error {
	s, err := a.store.Segments.Get(ctx, id)
	if err != nil {
		return err
	}
	asks, err := a.checkDefinition(ctx, &s)
	if err != nil {
		return err
	}
	return a.checkPublished(ctx, asks)
}

// Publish has a segment formed from facts that hold everything acknowledged before the
// call, and returns it. job names the call: made again it goes on. Where it cannot be
// told of some customers the segment stays as it was, and its Failure says why.
func (a *App) Publish(ctx context.Context, job, id string, progress func(done, total int64)) (domain.Segment, error) {
	if _, err := a.Want(ctx, id); err != nil {
		return domain.Segment{}, err
	}
	if _, err := a.worker.Form(ctx, job, []string{id}, progress); err != nil {
		return domain.Segment{}, err
	}
	s, err := a.store.Segments.Get(ctx, id)
	if err == nil && s.State == domain.Draft {
		err = a.Unwant(ctx, id)
	}
	return s, err
}

// Recompute has published segments formed anew, all where none is named, and returns
// them with what it came to.
func (a *App) Recompute(ctx context.Context, job string, ids []string, progress func(done, total int64)) ([]domain.Segment, standing.Formed, error) {
	came, err := a.worker.Form(ctx, job, ids, progress)
	if err != nil {
		return nil, came, err
	}
	var formed []domain.Segment
	if len(ids) > 0 {
		found, err := a.store.Segments.GetMany(ctx, ids)
		for _, s := range found {
			if s != nil {
				formed = append(formed, *s)
			}
		}
		return formed, came, err
	}
	for s, err := range a.store.Segments.All(ctx) {
		if err != nil {
			return nil, came, err
		}
		if s.State == domain.Published {
			formed = append(formed, s)
		}
	}
	return formed, came, nil
}
