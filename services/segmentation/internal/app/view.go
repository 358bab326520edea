package app

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// View is a segment with what is not stored in it.
type View struct {
	Segment   domain.Segment
	Reads     []string
	Asks      []string
	AskedBy   []string
	Cost      int64
	Sources   []Source
	FreshAsOf time.Time
	AsOf      time.Time // of the valuations
}

// View completes segments.
func (a *App) View(ctx context.Context, segments ...domain.Segment) ([]View, error) {
	if len(segments) == 0 {
		return nil, nil
	}
	g, err := a.store.Graph.Get(ctx)
	if err != nil {
		return nil, err
	}
	fresh, err := a.Freshness(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]View, len(segments))
	for i, s := range segments {
		v := View{Segment: s, AskedBy: g.Askers(s.ID)}
		made, err := a.criteria.Of(ctx, s.ListKey(), s.Definition)
		if _, is := fault.As(err); err != nil && !is {
			return nil, err
		}
		if err == nil { // otherwise it does not compile any more, which last_error tells
			v.Reads, v.Asks, v.Cost = ShownFacts(made.Reads()), made.Segments(), Cost(made)
			v.Sources = fresh.Of(made)
		}
		v.FreshAsOf, v.AsOf = fresh.Up(&s, v.Sources), AsOf(v.Sources)
		views[i] = v
	}
	return views, nil
}

// Cost is the most that a rule costs for one customer, in CEL's unit; 0 of criteria of
// other kinds.
func Cost(c criterion.Criterion) int64 {
	if priced, is := c.(interface{ Cost() uint64 }); is {
		return int64(min(priced.Cost(), 1<<62))
	}
	return 0
}
