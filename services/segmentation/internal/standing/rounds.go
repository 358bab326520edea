package standing

import (
	"context"
	"errors"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// goOn takes the pass that an earlier run has left to its end.
func (w *Worker) goOn(ctx context.Context) error {
	r, err := w.resume(ctx)
	if err != nil {
		return err
	}
	if !r.pass.Ended {
		if r.pass.Kind == definitionPass {
			err = r.everybody(ctx)
		} else {
			_, err = r.touched(ctx)
		}
		if err != nil {
			return err
		}
	}
	return r.finish(ctx)
}

// due evaluates who was touched by a change, or by the time, and tells what it counted.
func (w *Worker) due(ctx context.Context) (told []tally, err error) {
	for {
		at := w.now()
		idle, err := w.idle(ctx, at.UnixMilli())
		if err != nil {
			return told, err
		}
		if idle {
			if !at.After(w.state.Evaluated) {
				return told, nil
			}
			return told, w.checkpoint(ctx, func(s *state) { s.Evaluated = at })
		}
		found, err := w.look(ctx)
		if err != nil {
			return told, err
		}
		r, err := w.begin(ctx, duePass, found.plan(func(c candidate) bool { return !c.stale }), found, 0)
		if err != nil {
			return told, err
		}
		more, err := r.touched(ctx)
		if err != nil {
			return told, err
		}
		told = append(told, r.pass.Tallies...)
		if err := r.finish(ctx); err != nil || !more {
			return told, err
		}
	}
}

// idle tells whether nobody has to be looked at.
func (w *Worker) idle(ctx context.Context, at int64) (bool, error) {
	works, err := w.queue.Take(ctx, 1)
	if err != nil || len(works) > 0 {
		return false, err
	}
	due, err := w.persons.due(ctx, at, 1)
	return len(due) == 0, err
}

// define asks everybody about the segments whose definition is new, those that are
// forced, and those that ask about them.
func (w *Worker) define(ctx context.Context, forced func(segment string) bool) ([]tally, error) {
	found, err := w.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.showFailed(ctx, found); err != nil {
		return nil, err
	}
	if err := w.dropDeleted(ctx, found); err != nil {
		return nil, err
	}
	chosen := make(map[string]bool)
	for _, c := range found.kept {
		// A draft is formed only for who asked for it, from facts that are caught up.
		if c.stale && c.segment.State != domain.Draft || forced != nil && forced(c.segment.ID) {
			chosen[c.segment.ID] = true
		}
	}
	found.siblings(chosen)
	if len(chosen) == 0 {
		return nil, nil
	}
	found.askers(chosen)
	_, population, _, err := w.facts.Sample(ctx, 1, 0)
	if err != nil {
		return nil, err
	}
	r, err := w.begin(ctx, definitionPass, found.plan(func(c candidate) bool { return chosen[c.segment.ID] }), found, population)
	if err != nil {
		return nil, err
	}
	if err := r.everybody(ctx); err != nil {
		return nil, err
	}
	return w.told(r), r.finish(ctx)
}

// siblings adds to some segments the other labels of their schemes of which everybody has
// to be asked: the labels of a run are shown together or not at all.
func (w *wanted) siblings(of map[string]bool) {
	schemes := make(map[string]bool)
	for _, c := range w.kept {
		if of[c.segment.ID] && c.segment.IsLabel() {
			schemes[c.segment.Definition.Partition.Scheme()] = true
		}
	}
	for _, c := range w.kept {
		if c.stale && c.segment.IsLabel() && schemes[c.segment.Definition.Partition.Scheme()] {
			of[c.segment.ID] = true
		}
	}
}

// told is what a pass has counted, of each of its segments.
func (w *Worker) told(r *run) []tally {
	told := slices.Clone(r.pass.Tallies)
	w.customers = r.pass.Customers
	return told
}

// showFailed lets segments whose definition cannot be used say so.
func (w *Worker) showFailed(ctx context.Context, found *wanted) error {
	for i := range found.all {
		s := &found.all[i]
		failure, failed := found.failed[s.ID]
		if !failed {
			continue
		}
		err := w.change(ctx, &form{Segment: s.ID, Born: s.Born}, func(s *domain.Segment) error {
			if s.Failure != nil && *s.Failure == *failure {
				return docstore.ErrUnchanged
			}
			s.Failure = failure
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dropDeleted removes what is left of segments that do not exist any more.
func (w *Worker) dropDeleted(ctx context.Context, found *wanted) error {
	exists := make(map[int64]bool, len(found.all))
	for i := range found.all {
		exists[found.all[i].Born] = true
	}
	for born, f := range found.forms {
		if exists[born] {
			continue
		}
		to := docstore.PrefixEnd(f.Segment + "!")
		if next := w.nextBorn(found, f); next != 0 {
			to = publicationID(f.Segment, next)
		}
		r := docstore.Range{From: publicationID(f.Segment, born), To: to}
		err := errors.Join(
			w.rosters.purge(ctx, born), w.moves.docs.Purge(ctx, r), w.publications.docs.Purge(ctx, r),
			w.corrections.docs.Purge(ctx, r), w.releases.docs.Purge(ctx, r),
		)
		if err == nil {
			err = w.forms.docs.Purge(ctx, docstore.Only(f.ID))
		}
		if err != nil {
			return err
		}
		delete(found.forms, born)
	}
	return nil
}

// nextBorn is when another segment got the id of one that was deleted, 0 for never.
func (w *Worker) nextBorn(found *wanted, gone *form) (next int64) {
	note := func(segment string, born int64) {
		if segment == gone.Segment && born > gone.Born && (next == 0 || born < next) {
			next = born
		}
	}
	for _, f := range found.forms {
		note(f.Segment, f.Born)
	}
	for i := range found.all {
		note(found.all[i].ID, found.all[i].Born)
	}
	return next
}

// answerForms forms the segments that somebody waits for, from facts that hold
// everything acknowledged before they asked.
func (w *Worker) answerForms(ctx context.Context) error {
	asked, err := w.requests.pending(ctx, formRequest)
	if err != nil || len(asked) == 0 {
		return err
	}
	at := asked[0].At
	forced := make(map[string]bool)
	all := false
	for _, r := range asked {
		if r.At.After(at) {
			at = r.At
		}
		all = all || len(r.Segments) == 0
		for _, s := range r.Segments {
			forced[s] = true
		}
	}
	if err := w.feeds.CatchUp(ctx, at); err != nil {
		if ctx.Err() != nil {
			return err
		}
		for _, r := range asked {
			if e := w.requests.done(ctx, r.ID, w.now(), outcome{}, err); e != nil {
				return e
			}
		}
		return err
	}
	moved, err := w.due(ctx)
	if err != nil {
		return err
	}
	told, err := w.define(ctx, func(s string) bool { return all || forced[s] })
	if err != nil {
		return err
	}
	told = append(moved, told...)
	for _, r := range asked {
		came := outcome{Customers: w.customers}
		for _, t := range told {
			if len(r.Segments) == 0 || slices.Contains(r.Segments, t.Segment) {
				came.Entered += t.Entered
				came.Left += t.Left
			}
		}
		if err := w.requests.done(ctx, r.ID, w.now(), came, nil); err != nil {
			return err
		}
	}
	return nil
}
