package analysis

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/cursor"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
)

// people joins to each customer what is kept elsewhere in the same order: whether
// the customer is in a segment, and what persons said of the stage.
type people struct {
	server   *Server
	job      *job
	segment  *sequence[string]
	group    *sequence[string]
	settings *sequence[journey.Setting]
	allowed  func(customer string) (bool, error)
	ended    func()
	optedOut int64
}

// begin opens what the job asks for.
func (p *people) begin(ctx context.Context) (err error) {
	if p.allowed, p.ended, err = p.server.consents.Along(ctx, purpose, ""); err != nil {
		return err
	}
	if name := p.job.population.segment; name != "" {
		members, err := p.server.segments.Members(ctx, name)
		if err != nil {
			return err
		}
		p.segment = follow(members, docstoreKey)
	}
	if portrait, ok := p.job.compute.(*portraitRun); ok && portrait.group.segment != "" {
		members, err := p.server.segments.Members(ctx, portrait.group.segment)
		if err != nil {
			return err
		}
		p.group = follow(members, docstoreKey)
	}
	if p.job.policy != nil {
		p.settings = follow(p.server.journeys.All(ctx), func(s journey.Setting) string { return docstore.ID(s.Customer) })
	}
	return nil
}

func docstoreKey(id string) string { return docstore.ID(id) }

func (p *people) stop() {
	if p.ended != nil {
		p.ended()
	}
	p.segment.stop()
	p.group.stop()
	p.settings.stop()
}

// meet fills in what is known of a customer, and reports whether the customer
// belongs to the population.
func (p *people) meet(ctx context.Context, s *facet.Subject) (bool, error) {
	if allowed, err := p.allowed(s.Customer.ID); err != nil || !allowed {
		p.optedOut++
		return false, err
	}
	inSegment, err := p.segment.has(s.Key)
	if err != nil {
		return false, err
	}
	inGroup, err := p.group.has(s.Key)
	if err != nil {
		return false, err
	}
	if portrait, ok := p.job.compute.(*portraitRun); ok {
		portrait.inSegment = p.group == nil || inGroup
	}
	if p.job.policy != nil {
		if err := p.stage(ctx, s); err != nil {
			return false, err
		}
	}
	return (p.segment == nil || inSegment) && p.job.population.holds(s), nil
}

// stage computes the customer's journey.
func (p *people) stage(ctx context.Context, s *facet.Subject) error {
	settings, err := p.settings.of(s.Key)
	if err != nil {
		return err
	}
	if len(s.Customer.Merged) > 0 {
		settings, err = p.server.journeys.Of(ctx, append([]string{s.Customer.ID}, s.Customer.Merged...))
	} else {
		journey.ByTime(settings)
	}
	if err != nil {
		return err
	}
	asOf := p.job.frame.AsOf.UnixMilli()
	for len(settings) > 0 && settings[len(settings)-1].TimeMS >= asOf {
		settings = settings[:len(settings)-1]
	}
	transitions, err := p.job.policy.Transitions(ctx, s.Steps, settings)
	if err != nil {
		return err
	}
	if n := len(transitions); n > 0 {
		s.Stage = transitions[n-1].To
	}
	if stages, ok := p.job.compute.(*stagesRun); ok {
		stages.transitions = transitions
	}
	return nil
}

// sequence is an iteration in the order of escaped customer ids that follows the
// walk over the customers. A nil sequence has nothing.
type sequence[T any] struct {
	*cursor.Cursor[T]
	key func(T) string
	all []T
}

func follow[T any](seq iter.Seq2[T, error], key func(T) string) *sequence[T] {
	return &sequence[T]{Cursor: cursor.Over(seq), key: key}
}

func (s *sequence[T]) stop() {
	if s != nil {
		s.Stop()
	}
}

// of are the values of a customer, valid until the next call. Customers must come
// in the order of their keys.
func (s *sequence[T]) of(key string) ([]T, error) {
	if s == nil {
		return nil, nil
	}
	s.all = s.all[:0]
	for {
		value, ok, err := s.Head()
		if err != nil || !ok {
			return s.all, err
		}
		switch at := s.key(value); {
		case at > key:
			return s.all, nil
		case at == key:
			s.all = append(s.all, value)
		}
		s.Advance()
	}
}

func (s *sequence[T]) has(key string) (bool, error) {
	all, err := s.of(key)
	return len(all) > 0, err
}
