package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// publish makes each segment of the round show it, or says in it why not.
func (r *run) publish(ctx context.Context) error {
	round := r.state.Round
	for i := range round.Segments {
		f := &round.Segments[i]
		r.journal.Progress(int64(i), int64(len(round.Segments)), publishing)
		if f.Settled {
			continue
		}
		var err error
		if f.Failure != nil {
			err = r.fail(ctx, f)
		} else {
			err = r.publishOne(ctx, f)
		}
		if err != nil {
			return err
		}
		if err := r.checkpoint(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fail keeps the segment as it is but for its failure, unless the definition that
// failed is not its own any more.
func (r *run) fail(ctx context.Context, f *Forming) error {
	_, err := r.store.Segments.Change(ctx, f.Segment, func(s *domain.Segment) error {
		if s.Born != f.Born || s.Revision != f.Revision || s.Formed.Generation > r.state.Round.Generation {
			return docstore.ErrUnchanged
		}
		s.Failure = f.Failure
		return nil
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	r.state.Done = append(r.state.Done, Outcome{Segment: f.Segment, Failure: f.Failure})
	return r.giveUp(ctx, f)
}

// verdict is what a publication comes to.
type verdict int

const (
	published  verdict = iota
	overtaken          // another pass was published or given up meanwhile: form it again
	superseded         // a later pass is published: this one is not needed
	gone               // the segment does not exist any more
)

func (r *run) publishOne(ctx context.Context, f *Forming) error {
	ready, err := r.ready(ctx, f)
	if err != nil {
		return err
	}
	v := overtaken
	if ready {
		if v, err = r.show(ctx, f); err != nil {
			return err
		}
	}
	switch v {
	case overtaken:
		return r.again(ctx, f)
	case superseded:
		r.state.Done = append(r.state.Done, Outcome{Segment: f.Segment})
		return r.giveUp(ctx, f)
	case gone:
		return r.giveUp(ctx, f)
	}
	f.Settled = true
	r.state.Done = append(r.state.Done, Outcome{Segment: f.Segment, Entered: f.Entered, Left: f.Left})
	return r.supersede(ctx, f)
}

// ready fills in the record of the pass, once all its rows are there. It returns
// false when they are not those that the pass has counted, as when a run that had
// lost its lease wrote some more.
func (r *run) ready(ctx context.Context, f *Forming) (bool, error) {
	round := r.state.Round
	members, moves, err := r.store.Members.Count(ctx, f.Segment, round.Generation)
	if err != nil {
		return false, err
	}
	if members != f.Members || moves != f.Entered+f.Left {
		r.log.WarnContext(ctx, "a pass has other rows than it counted and is formed again", "segment", f.Segment,
			"generation", round.Generation, "members", members, "counted", f.Members)
		return false, nil
	}
	exists, err := r.store.Passes.Change(ctx, f.Segment, round.Generation, func(p *domain.Pass) error {
		p.Members, p.Entered, p.Left = f.Members, f.Entered, f.Left
		p.At, p.AsOf = round.At, round.Edition.AsOf
		return nil
	})
	if err != nil || !exists || f.Base == 0 {
		return exists, err
	}
	// Whoever reads transitions goes by the mark as soon as the base is not the
	// segment's current pass any more.
	_, err = r.store.Passes.Change(ctx, f.Segment, f.Base, func(p *domain.Pass) error {
		if p.Published {
			return docstore.ErrUnchanged
		}
		p.Published = true
		return nil
	})
	return true, err
}

// show is the write that publishes: from here on lists and counts are of this pass.
func (r *run) show(ctx context.Context, f *Forming) (v verdict, err error) {
	round := r.state.Round
	_, err = r.store.Segments.Change(ctx, f.Segment, func(s *domain.Segment) error {
		switch current := s.Formed.Generation; {
		case s.Born != f.Born:
			v = gone
		case current == round.Generation:
			v = published // by an earlier run
		case current > round.Generation:
			v = superseded
		case current != f.Base || s.Floor >= round.Generation:
			v = overtaken
		default:
			v = published
			s.Formed = domain.Formed{Generation: round.Generation, Members: f.Members, At: round.At, AsOf: round.Edition.AsOf, Revision: f.Revision}
			if s.State != domain.Published {
				s.Edits++
			}
			s.Wanted = false
			s.Failure = nil
			s.State = domain.Published
			return nil
		}
		return docstore.ErrUnchanged
	})
	if fault.KindOf(err) == fault.NotFound {
		return gone, nil
	}
	return v, err
}

// supersede marks the pass as published and the one before as superseded. Where
// this breaks off, Sweep does it.
func (r *run) supersede(ctx context.Context, f *Forming) error {
	_, err := r.store.Passes.Change(ctx, f.Segment, r.state.Round.Generation, func(p *domain.Pass) error {
		p.Published = true
		return nil
	})
	if f.Base == 0 {
		return err
	}
	_, e := r.store.Passes.Change(ctx, f.Segment, f.Base, func(p *domain.Pass) error {
		if !p.SupersededAt.IsZero() {
			return docstore.ErrUnchanged
		}
		p.SupersededAt = r.now()
		return nil
	})
	return errors.Join(err, e)
}
