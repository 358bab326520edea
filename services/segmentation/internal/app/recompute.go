package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// maxRounds bounds how often a recomputation tries again for segments that others
// publish at the same time. Whenever it has to, somebody has published, so that
// the segments are fresh even where it gives up.
const maxRounds = 10

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
	var definitions []criterion
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

// begin begins a round: it gives it a generation and chooses its segments. There
// is none when there are no segments left.
func (r *run) begin(ctx context.Context) ([]criterion, error) {
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
	criteria := make([]criterion, len(segments))
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
func (r *run) resume(ctx context.Context) ([]criterion, error) {
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
	criteria := make([]criterion, len(round.Segments))
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

// again gives up forming a segment in this round and puts it into the next.
func (r *run) again(ctx context.Context, f *Forming) error {
	r.state.Again = append(r.state.Again, f.Segment)
	return r.giveUp(ctx, f)
}

// giveUp removes what the round has written of a segment.
func (r *run) giveUp(ctx context.Context, f *Forming) error {
	f.Settled = true
	return r.discard(ctx, f.Segment, r.state.Round.Generation)
}

// discard removes an unpublished pass. Raising the segment's floor first makes
// sure that nobody publishes it after all.
func (a *App) discard(ctx context.Context, segment string, generation int64) error {
	s, err := a.store.Segments.Change(ctx, segment, func(s *domain.Segment) error {
		if s.Formed.Generation >= generation || s.Floor >= generation || s.Born >= generation {
			return docstore.ErrUnchanged
		}
		s.Floor = generation
		return nil
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err == nil && s.Formed.Generation == generation {
		return nil // published after all
	}
	if err := a.store.Members.Purge(ctx, segment, generation, ""); err != nil {
		return err
	}
	return a.store.Passes.Forget(ctx, segment, generation)
}

func (r *run) checkpoint(ctx context.Context) error { return r.journal.Checkpoint(ctx, r.state) }

// noteFailure makes the segments show why their pass failed. The next good one
// clears it. It is not noted that the run was stopped: it goes on elsewhere.
func (r *run) noteFailure(ctx context.Context, cause error) {
	if ctx.Err() != nil {
		return
	}
	failure := failureOf(cause)
	segments, err := r.affected(ctx)
	for _, id := range segments {
		_, e := r.store.Segments.Change(ctx, id, func(s *domain.Segment) error {
			later := r.state.Round != nil && s.Formed.Generation > r.state.Round.Generation
			if later || s.Failure != nil && *s.Failure == failure {
				return docstore.ErrUnchanged
			}
			s.Failure = &failure
			return nil
		})
		if fault.KindOf(e) != fault.NotFound {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		r.log.WarnContext(ctx, "the failure of a recomputation was not noted in its segments", "error", err)
	}
}

// affected are the segments that the run has not yet published.
func (r *run) affected(ctx context.Context) ([]string, error) {
	var ids []string
	if r.state.Round == nil {
		segments, err := r.choose(ctx)
		for _, s := range segments {
			ids = append(ids, s.ID)
		}
		return ids, err
	}
	for _, f := range r.state.Round.Segments {
		if !f.Settled {
			ids = append(ids, f.Segment)
		}
	}
	return append(ids, r.state.Again...), nil
}

// failureOf is what callers are told of an error.
func failureOf(err error) domain.Failure {
	status := rpc.ItemStatus(err)
	return domain.Failure{Code: status.GetCode(), Reason: status.GetReason(), Message: status.GetMessage(), Field: status.GetField()}
}

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
