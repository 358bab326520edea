package app

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// SegmentsOf tells, for each of some customers, the ids of the segments that it is in,
// as lists show them: those that are published, or paused.
func (a *App) SegmentsOf(ctx context.Context, customers []string) ([][]string, error) {
	all, err := a.standings.OfMany(ctx, customers)
	if err != nil {
		return nil, err
	}
	of := make([][]string, len(all))
	for i := range all {
		for _, stay := range all[i].Stays {
			if stay.Shown && (stay.State == domain.Published || stay.State == domain.Paused) {
				of[i] = append(of[i], stay.Segment)
			}
		}
		slices.Sort(of[i])
	}
	return of, nil
}
