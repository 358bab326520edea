package standing

import (
	"context"
	"errors"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// finish tells every segment that the pass has changed what it has made of it, and ends
// the pass, which shows them all.
// Broken off, it is done again from the beginning.
func (r *run) finish(ctx context.Context) error {
	if !r.pass.Ended {
		ended := *r.pass
		ended.Ended = true
		if err := r.checkpoint(ctx, func(s *state) { s.Pass = &ended }); err != nil {
			return err
		}
		r.pass = &ended
	}
	changed := slices.Clone(r.pass.Tallies)
	for _, s := range r.pass.Scope {
		asked := r.pass.Kind == definitionPass || s.Mixed
		if asked && !slices.ContainsFunc(changed, func(t tally) bool { return t.Born == s.Born }) {
			changed = append(changed, tally{Segment: s.Segment, Born: s.Born})
		}
	}
	for _, t := range changed {
		if err := r.settle(ctx, t); err != nil {
			return err
		}
	}
	return r.checkpoint(ctx, func(s *state) {
		s.Generation, s.Pass = r.pass.Generation, nil
		if r.pass.Kind == duePass && r.pass.At.After(s.Evaluated) {
			s.Evaluated = r.pass.At
		}
	})
}

// settle adds to a segment what the pass has counted, and publishes it or says why not.
func (r *run) settle(ctx context.Context, t tally) error {
	f, err := r.count(ctx, t)
	if err != nil {
		return err
	}
	if f.Failing > 0 || f.Mixed {
		if err := r.hold(ctx, f, t); err != nil || f.Failing == 0 {
			return err
		}
		return r.showFailure(ctx, f)
	}
	if f.Held {
		if err := r.letGo(ctx, f); err != nil {
			return err
		}
	}
	if err := r.publications.note(ctx, f.Segment, r.pass.Generation, f.Members); err != nil {
		return err
	}
	if err := r.show(ctx, f); err != nil {
		return err
	}
	_, err = r.forms.docs.Update(ctx, f.ID, func(f *form) error {
		f.Held, f.Example, f.Failure = false, "", nil
		if f.Shown != r.pass.Generation {
			f.supersede(r.pass.Generation, r.pass.At, r.now(), r.cfg.Keep)
		}
		return nil
	})
	return err
}

// count adds a tally to a form, once.
func (r *run) count(ctx context.Context, t tally) (*form, error) {
	return r.forms.docs.Upsert(ctx, formID(t.Segment, t.Born), func(f *form, _ bool) error {
		if f.Generation >= r.pass.Generation {
			return docstore.ErrUnchanged
		}
		f.Segment, f.Born, f.Generation = t.Segment, t.Born, r.pass.Generation
		f.Members += t.Entered - t.Left
		f.Failing += t.Failing
		switch {
		case t.Failure != nil:
			f.Example, f.Failure = t.Example, t.Failure
		case t.Cleared:
			f.Example = "" // it may be the one who can be told of
		}
		s := slices.IndexFunc(r.pass.Scope, func(s scope) bool { return s.Born == t.Born })
		switch {
		case s < 0:
		case r.pass.Scope[s].Mixed:
			f.Revision, f.Mixed = 0, true
		case r.pass.Kind == definitionPass:
			f.Revision, f.Mixed = r.pass.Scope[s].Revision, false
		}
		return nil
	})
}

// hold takes the moves of the pass out of the feed until the segment is published.
func (r *run) hold(ctx context.Context, f *form, t tally) error {
	if !f.Held {
		if _, err := r.forms.docs.Update(ctx, f.ID, func(f *form) error { f.Held = true; return nil }); err != nil {
			return err
		}
	}
	if t.Entered+t.Left == 0 {
		return nil
	}
	return r.mark(ctx, t.Segment, r.pass.Generation, 0)
}

// letGo puts the moves that were held into the feed, as of this pass.
func (r *run) letGo(ctx context.Context, f *form) error {
	from := max(f.Shown, f.Born) + 1
	if err := r.releases.note(ctx, f.Segment, r.pass.Generation, release{At: r.pass.At, From: from}); err != nil {
		return err
	}
	return r.mark(ctx, f.Segment, from, r.pass.Generation)
}

// mark notes with which generation the moves of a segment were published, from a
// generation on up to that of the pass.
func (r *run) mark(ctx context.Context, segment string, from, published int64) error {
	var ids []string
	span := docstore.Range{From: movesID(segment, from, 0), To: movesID(segment, r.pass.Generation+1, 0)}
	for e, err := range r.moves.docs.ScanRaw(ctx, span) {
		if err != nil {
			return err
		}
		ids = append(ids, e.ID)
	}
	for _, id := range ids {
		_, err := r.moves.docs.Update(ctx, id, func(d *movesDoc) error {
			if d.Mark == published {
				return docstore.ErrUnchanged
			}
			d.Mark = published
			return nil
		})
		if err != nil && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
	}
	return nil
}

// show tells a segment what the pass has made of it. The write that ends the pass shows
// it, of all segments at once: from then on their lists and counts are of this pass.
func (r *run) show(ctx context.Context, f *form) error {
	return r.change(ctx, f, func(s *domain.Segment) error {
		if s.Formed.Generation >= r.pass.Generation || s.Coming != nil && s.Coming.Formed.Generation >= r.pass.Generation {
			return docstore.ErrUnchanged
		}
		revision := s.Formed.Revision
		if f.Revision != 0 {
			revision = f.Revision
		}
		asOf := s.Formed.AsOf
		if r.pass.AsOf.After(asOf) {
			asOf = r.pass.AsOf
		}
		s.Coming = &domain.Coming{
			Formed: domain.Formed{Generation: r.pass.Generation, Members: f.Members, At: r.pass.At, AsOf: asOf, Revision: revision, Synced: r.pass.Synced},
			Asked:  f.Revision, Whole: r.pass.Kind == definitionPass,
		}
		return nil
	})
}

func (r *run) showFailure(ctx context.Context, f *form) error {
	return r.change(ctx, f, func(s *domain.Segment) error {
		shown := f.shownFailure()
		asked := s.Wanted && s.State == domain.Published && r.pass.Kind == definitionPass && f.Revision == s.Revision
		if s.Failure != nil && *s.Failure == *shown && !asked {
			return docstore.ErrUnchanged
		}
		s.Failure = shown
		s.Wanted = s.Wanted && !asked // asked it was, and a draft stays wanted until it can be published
		return nil
	})
}

// change changes the segment of a form, unless it has been deleted.
func (w *Worker) change(ctx context.Context, f *form, change func(*domain.Segment) error) error {
	_, err := w.segments.Change(ctx, f.Segment, func(s *domain.Segment) error {
		if s.Born != f.Born {
			return docstore.ErrUnchanged
		}
		return change(s)
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}
