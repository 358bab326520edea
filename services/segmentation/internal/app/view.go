package app

import (
	"context"
	"slices"
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
	reached := reach{a, fresh, map[string]*extent{}}
	views := make([]View, len(segments))
	for i, s := range segments {
		v := View{Segment: s, AskedBy: g.Askers(s.ID)}
		e, err := reached.of(ctx, &s)
		if err != nil {
			return nil, err
		}
		if e.made != nil { // otherwise it does not compile any more, which last_error tells
			v.Reads, v.Asks, v.Cost = ShownFacts(e.made.Reads()), e.made.Segments(), Cost(e.made)
			v.Sources = fresh.Of(e.services)
		}
		v.FreshAsOf, v.AsOf = e.up, AsOf(v.Sources)
		views[i] = v
	}
	return views, nil
}

// reach works out what segments rest on: the services that tell what they read, and what
// those read that they ask about.
type reach struct {
	a     *App
	fresh *Freshness
	known map[string]*extent // by the segment's id
}

// extent is what a segment rests on.
type extent struct {
	made     criterion.Criterion // nil where it cannot be made ready
	services []string            // that tell its facts
	up       time.Time           // see Freshness.Up
}

func (r *reach) of(ctx context.Context, s *domain.Segment) (*extent, error) {
	if e := r.known[s.ID]; e != nil {
		return e, nil
	}
	e := &extent{}
	r.known[s.ID] = e
	made, err := r.a.criteria.Of(ctx, s.ListKey(), s.Definition)
	if _, is := fault.As(err); err != nil && !is {
		return nil, err
	}
	var asks []*domain.Segment
	if err == nil {
		e.made, e.services = made, Services(made.Reads())
		if asks, err = r.a.store.Segments.GetMany(ctx, made.Segments()); err != nil {
			return nil, err
		}
	}
	below := make([]*extent, 0, len(asks))
	for _, asked := range asks {
		if asked == nil {
			continue // deleted meanwhile
		}
		of, err := r.of(ctx, asked)
		if err != nil {
			return nil, err
		}
		below = append(below, of)
		for _, service := range of.services {
			if !slices.Contains(e.services, service) {
				e.services = append(e.services, service)
			}
		}
	}
	e.up = r.fresh.Up(s, r.fresh.Of(e.services))
	for _, of := range below {
		if of.up.Before(e.up) {
			e.up = of.up
		}
	}
	return e, nil
}

// Cost is the most that a rule costs for one customer, in CEL's unit; 0 of criteria of
// other kinds.
func Cost(c criterion.Criterion) int64 {
	if priced, is := c.(interface{ Cost() uint64 }); is {
		return int64(min(priced.Cost(), 1<<62))
	}
	return 0
}
