package store

import (
	"context"
	"math"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Shown tells the generation of the last pass that is over: up to it passes are shown.
type Shown = func(context.Context) (int64, error)

// Serving tells whether a run, by its name, is the one that its scheme is served by.
type Serving = func(ctx context.Context, run string) (bool, error)

// ShownBy sets what tells which passes are shown; without it all are. It is set before
// the segments are read.
func (s *Segments) ShownBy(shown Shown) { s.shown = shown }

// ServedBy sets what tells which runs serve; without it none does. It is set before the
// segments are read.
func (s *Segments) ServedBy(serving Serving) { s.serving = serving }

func (s *Segments) upTo(ctx context.Context) (int64, error) {
	if s.shown == nil {
		return math.MaxInt64, nil
	}
	return s.shown(ctx)
}

// settler makes segments what they have become by one write elsewhere, which turns or
// shows many of them at once. Within one reading it answers the same for all.
type settler struct {
	*Segments
	upTo   int64
	serves map[string]bool // by run
}

func (s *settler) settle(ctx context.Context, of *domain.Segment) error {
	if of.Turn != nil && s.serving != nil {
		run := of.Turn.Run
		serves, known := s.serves[run]
		if !known {
			var err error
			if serves, err = s.serving(ctx, run); err != nil {
				return err
			}
			if s.serves == nil {
				s.serves = make(map[string]bool)
			}
			s.serves[run] = serves
		}
		if serves {
			of.TakeTurn(run)
		}
	}
	of.Come(s.upTo)
	return nil
}

// one is a segment as it is settled.
func (s *Segments) one(ctx context.Context, doc *segment) (domain.Segment, error) {
	found := doc.domain()
	if found.Coming == nil && found.Turn == nil {
		return found, nil
	}
	upTo, err := s.upTo(ctx)
	if err != nil {
		return found, err
	}
	return found, (&settler{Segments: s, upTo: upTo}).settle(ctx, &found)
}

// overtaken is how often segments are read again that a pass has overtaken meanwhile.
const overtaken = 10

// together are some segments as they are settled, all as of the same pass. read reads
// them, with nil for those that are not.
func (s *Segments) together(ctx context.Context, read func() ([]*segment, error)) ([]*domain.Segment, error) {
	for tries := 1; ; tries++ {
		upTo, err := s.upTo(ctx)
		if err != nil {
			return nil, err
		}
		docs, err := read()
		if err != nil {
			return nil, err
		}
		settling := settler{Segments: s, upTo: upTo}
		found, again := make([]*domain.Segment, len(docs)), false
		for i, doc := range docs {
			if doc == nil {
				continue
			}
			of := doc.domain()
			if err := settling.settle(ctx, &of); err != nil {
				return nil, err
			}
			found[i] = &of
			again = again || of.Formed.Generation > upTo
		}
		if !again || tries == overtaken {
			return found, nil
		}
	}
}
