package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

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
