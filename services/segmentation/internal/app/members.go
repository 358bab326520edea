package app

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// SegmentsOf tells, for each of some customers, the ids of the segments that it is in,
// as lists show them: those that are published, or paused.
func (a *App) SegmentsOf(ctx context.Context, customers []string) ([][]string, error) {
	of, err := a.standings.SegmentsOf(ctx, customers)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, in := range of {
		ids = append(ids, in...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found, err := a.store.Segments.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, in := range of {
		of[i] = slices.DeleteFunc(in, func(id string) bool {
			at, _ := slices.BinarySearch(ids, id)
			return found[at] == nil || found[at].State != domain.Published && found[at].State != domain.Paused
		})
	}
	return of, nil
}
