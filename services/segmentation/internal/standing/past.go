package standing

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Past is how a customer stood to a segment at an instant.
type Past struct {
	// Formed tells that the segment had been formed by then, and that so long ago is
	// kept; nothing else is known otherwise.
	Formed  bool
	Belongs bool
	Since   time.Time // of being in, or out; zero where the customer had never been in
	// Decided is the move that decided, nil where there is none, or it is not kept.
	Decided *Move
}

// At tells how a customer stood to a segment at an instant, zero for now. Faults:
// SEGMENT_NOT_FOUND.
func (s *Standings) At(ctx context.Context, segment, customer string, at time.Time) (Past, error) {
	found, err := s.segments.Get(ctx, segment)
	if err != nil {
		return Past{}, err
	}
	shown, err := s.shownAt(ctx, &found, at)
	if err != nil || shown == (point{}) {
		return Past{}, err
	}
	persons, err := s.persons.get(ctx, []string{docstore.ID(customer)})
	if err != nil {
		return Past{}, err
	}
	past := Past{Formed: true}
	var decided point
	for _, stay := range persons[0].stays {
		switch {
		case stay.born != found.Born || !stay.entered.upTo(shown):
		case stay.open() || !stay.left.upTo(shown):
			past.Belongs, decided = true, stay.entered
		case stay.left.generation > decided.generation:
			past.Belongs, decided = false, stay.left
		}
	}
	if decided.generation == 0 {
		return past, nil
	}
	past.Since = instant(decided.at)
	past.Decided, err = s.move(ctx, segment, customer, decided, !past.Belongs)
	return past, err
}

// shownAt is how far a segment showed, at an instant (zero for now), what had been
// found; nothing where it had not been formed by then, or is not known. What was found
// was shown at once, but for what was held: that is told by the next release.
func (s *Standings) shownAt(ctx context.Context, segment *domain.Segment, at time.Time) (point, error) {
	formed := &segment.Formed
	if formed.Generation == 0 {
		return point{}, nil
	}
	if at.IsZero() || !at.Before(formed.At) {
		return point{generation: formed.Generation, at: math.MaxInt64}, nil
	}
	f, err := s.forms.get(ctx, segment.ID, segment.Born)
	if err != nil || f.Since.IsZero() || at.Before(f.Since) || at.Before(s.now().Add(-s.cfg.Retention)) {
		return point{}, err
	}
	next, err := s.releases.after(ctx, segment.ID, segment.Born, at)
	if err != nil {
		return point{}, err
	}
	generation := formed.Generation
	if next != nil {
		generation = min(generation, next.From-1)
	}
	return point{generation: generation, at: at.UnixMilli()}, nil
}

// move is the move at a point, nil where it is not kept.
func (s *Standings) move(ctx context.Context, segment, customer string, at point, leaving bool) (*Move, error) {
	id := movesID(segment, at.generation, at.number)
	d, err := s.moves.docs.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	told, err := d.told(place{segment, at.generation, at.number})
	if err != nil {
		return nil, err
	}
	for i := range told {
		if told[i].Customer == customer && told[i].Left == leaving {
			return &told[i], nil
		}
	}
	return nil, nil
}
