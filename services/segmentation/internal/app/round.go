package app

import (
	"context"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// maxRounds bounds how often a recomputation tries again for segments that others
// publish at the same time. Whenever it has to, somebody has published, so that
// the segments are fresh even where it gives up.
const maxRounds = 10

// begin begins a round: it gives it a generation and chooses its segments. There
// is none when there are no segments left.
func (r *run) begin(ctx context.Context) ([]belonging, error) {
	segments, err := r.choose(ctx)
	if err != nil || len(segments) == 0 {
		return nil, err
	}
	if r.state.Rounds >= maxRounds {
		return nil, fault.New(fault.FailedPrecondition, "SEGMENTS_CONTENDED",
			"other recomputations published these segments each time before this one could: %v", r.state.Again)
	}
	round := &Round{}
	if round.Edition, err = r.source.Edition(ctx); err != nil {
		return nil, err
	}
	if round.Generation, err = r.store.Generations.Next(ctx); err != nil {
		return nil, err
	}
	criteria := make([]belonging, len(segments))
	for i, s := range segments {
		if err := r.store.Passes.Begin(ctx, s.ID, round.Generation, r.job.Operation); err != nil {
			return nil, err
		}
		forming := Forming{Segment: s.ID, Born: s.Born, Revision: s.Revision, Base: s.Formed.Generation}
		criteria[i], forming.Failure = r.criterion(s.Definition, round.Edition)
		round.Segments = append(round.Segments, forming)
	}
	r.state.Round, r.state.Again = round, nil
	r.state.Rounds++
	return criteria, r.checkpoint(ctx)
}

// choose returns the segments of the next round.
func (r *run) choose(ctx context.Context) ([]domain.Segment, error) {
	ids := r.state.Again
	if r.state.Rounds == 0 {
		ids = r.job.Segments
	} else if len(ids) == 0 {
		return nil, nil
	}
	var segments []domain.Segment
	if len(ids) == 0 {
		for s, err := range r.store.Segments.All(ctx) {
			if err != nil {
				return nil, err
			}
			if s.State == domain.Published {
				segments = append(segments, s)
			}
		}
		return segments, nil
	}
	found, err := r.store.Segments.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, s := range found {
		if s != nil && (s.State == domain.Published || r.job.Publish) {
			segments = append(segments, *s)
		}
	}
	return segments, nil
}

// resume goes on with a round that broke off. Rows behind its last checkpoint are
// removed, for they may be of facts that are no more. A segment whose definition
// has changed goes into the next round: no pass is of two definitions.
func (r *run) resume(ctx context.Context) ([]belonging, error) {
	round := r.state.Round
	if !round.At.IsZero() {
		return nil, nil // all rows are written
	}
	ids := make([]string, len(round.Segments))
	for i, f := range round.Segments {
		ids[i] = f.Segment
	}
	found, err := r.store.Segments.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	criteria := make([]belonging, len(round.Segments))
	for i := range round.Segments {
		f, s := &round.Segments[i], found[i]
		switch {
		case f.Settled || f.Failure != nil:
			continue
		case s == nil || s.Born != f.Born:
			err = r.giveUp(ctx, f)
		case s.Revision != f.Revision:
			err = r.again(ctx, f)
		default:
			criteria[i], f.Failure = r.criterion(s.Definition, round.Edition)
			err = r.store.Members.Purge(ctx, f.Segment, round.Generation, rowKey(round.After))
		}
		if err != nil {
			return nil, err
		}
	}
	return criteria, nil
}

// restart gives the present round up and has its segments formed in another.
func (r *run) restart(ctx context.Context) error {
	for i := range r.state.Round.Segments {
		if f := &r.state.Round.Segments[i]; !f.Settled {
			if err := r.again(ctx, f); err != nil {
				return err
			}
		}
	}
	r.state.Round = nil
	return r.checkpoint(ctx)
}
