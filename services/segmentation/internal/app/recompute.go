package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// run is one run of a recomputation.
type run struct {
	*App
	job     Job
	state   State
	journal Journal
}

// Recompute forms segments in one pass over the customers and publishes each. It
// goes on from state, that of the last checkpoint; it may be run again and, at
// the edges of a lease, twice at a time. A rule that fails takes only its own
// segment with it.
//
// Faults: those of the peers, and SEGMENTS_CONTENDED.
func (a *App) Recompute(ctx context.Context, job Job, state State, journal Journal) (Result, error) {
	r := &run{a, job, state, journal}
	for {
		more, err := r.round(ctx)
		if errors.Is(err, peers.ErrSuperseded) {
			// The edition is gone: from the beginning, with the one there is now.
			err = r.restart(ctx)
		}
		if err != nil {
			r.noteFailure(ctx, err)
			return Result{}, err
		}
		if !more {
			return r.result(ctx)
		}
	}
}

// round takes the present round, or a new one, to its end. It returns whether
// there may be another.
func (r *run) round(ctx context.Context) (more bool, err error) {
	var definitions []belonging
	if r.state.Round == nil {
		definitions, err = r.begin(ctx)
	} else {
		definitions, err = r.resume(ctx)
	}
	if err != nil || r.state.Round == nil {
		return false, err
	}
	if r.state.Round.At.IsZero() {
		if err := r.form(ctx, definitions); err != nil {
			return true, err
		}
	}
	if err := r.publish(ctx); err != nil {
		return true, err
	}
	r.state.Customers = max(r.state.Customers, r.state.Round.Customers)
	r.state.Round = nil
	return true, r.checkpoint(ctx)
}

func (r *run) checkpoint(ctx context.Context) error { return r.journal.Checkpoint(ctx, r.state) }

func (r *run) result(ctx context.Context) (Result, error) {
	result := Result{Customers: r.state.Customers, Failures: map[string]domain.Failure{}}
	ids := make([]string, len(r.state.Done))
	for i, outcome := range r.state.Done {
		ids[i] = outcome.Segment
		result.Entered += outcome.Entered
		result.Left += outcome.Left
		if outcome.Failure != nil {
			result.Failures[outcome.Segment] = *outcome.Failure
		}
	}
	found, err := r.store.Segments.GetMany(ctx, ids)
	for _, s := range found {
		if s != nil {
			result.Segments = append(result.Segments, *s)
		}
	}
	return result, err
}
