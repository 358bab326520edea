// Package behavior tells when customers last did what, and at which stage of their
// journey they are. It is computed from events and orders whenever it is asked for:
// what arrives late, is merged or erased counts at once, and nothing is kept twice.
package behavior

import (
	"context"
	"iter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/cursor"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Reader reads what customers did. It is safe for concurrent use.
type Reader struct {
	journeys *journey.Store
	people   *activity.Reader
	now      func() time.Time
}

// NewReader makes a reader.
func NewReader(j *journey.Store, r *activity.Reader, clock func() time.Time) *Reader {
	return &Reader{j, r, clock}
}

// Told is what is told of a customer, and from how many events and orders.
type Told struct {
	*profilev1.CustomerBehavior
	Steps int
}

// Empty reports whether there is nothing to tell.
func (t Told) Empty() bool { return t.LastSeenTime == nil && t.StageTime == nil }

// Of yields given customers, each the root of its tree in the forest, in their order,
// which has to be that of their escaped ids.
func (r *Reader) Of(ctx context.Context, forest *domain.Forest, roots []string) iter.Seq2[Told, error] {
	return r.each(ctx, func(needs activity.Needs, asOf time.Time) iter.Seq2[*activity.Person, error] {
		return r.people.Some(ctx, forest, roots, needs, asOf)
	}, func(p *activity.Person) ([]journey.Setting, error) {
		return r.journeys.Bare(ctx, append([]string{p.Customer.ID}, p.Customer.Merged...))
	})
}

// Within yields the customers of a span in the order of their escaped ids.
func (r *Reader) Within(ctx context.Context, span store.Span) iter.Seq2[Told, error] {
	return func(yield func(Told, error) bool) {
		said := cursor.Over(r.journeys.Within(ctx, span.From, span.To))
		defer said.Stop()
		for told, err := range r.each(ctx, func(needs activity.Needs, asOf time.Time) iter.Seq2[*activity.Person, error] {
			return r.people.Walk(ctx, span, needs, asOf)
		}, func(p *activity.Person) ([]journey.Setting, error) {
			if len(p.Customer.Merged) > 0 {
				return r.journeys.Bare(ctx, append([]string{p.Customer.ID}, p.Customer.Merged...))
			}
			return take(said, p.Key)
		}) {
			if !yield(told, err) || err != nil {
				return
			}
		}
	}
}

// take takes the settings of one customer from a stream that may have others before.
func take(said *cursor.Cursor[journey.Setting], key string) (all []journey.Setting, err error) {
	for {
		set, ok, err := said.Head()
		if err != nil {
			return nil, err
		}
		of := docstore.ID(set.Customer)
		if !ok || of > key {
			journey.ByTime(all)
			return all, nil
		}
		if of == key {
			all = append(all, set)
		}
		said.Advance()
	}
}

// each yields what is told of persons.
func (r *Reader) each(
	ctx context.Context,
	persons func(activity.Needs, time.Time) iter.Seq2[*activity.Person, error],
	settings func(*activity.Person) ([]journey.Setting, error),
) iter.Seq2[Told, error] {
	return func(yield func(Told, error) bool) {
		policy, err := r.policy(ctx)
		if err != nil {
			yield(Told{}, err)
			return
		}
		asOf := r.now().UTC().Truncate(time.Millisecond)
		for p, err := range persons(policy.Needs().Join(activity.Needs{Events: true}), asOf) {
			var told Told
			if err == nil {
				told, err = tell(ctx, policy, p, settings)
			}
			if !yield(told, err) || err != nil {
				return
			}
		}
	}
}

func (r *Reader) policy(ctx context.Context) (*journey.Policy, error) {
	stored, err := r.journeys.Policy(ctx)
	if err != nil {
		return nil, err
	}
	return journey.Compile("", stored)
}

func tell(ctx context.Context, policy *journey.Policy, p *activity.Person, settings func(*activity.Person) ([]journey.Setting, error)) (Told, error) {
	said, err := settings(p)
	if err != nil {
		return Told{}, err
	}
	told := Told{last(p), len(p.Steps)}
	transitions, err := policy.Transitions(ctx, p.Steps, said)
	if n := len(transitions); n > 0 && transitions[n-1].To != journey.None {
		told.Stage = profilev1.JourneyStage(transitions[n-1].To)
		told.StageTime = timestamppb.New(time.UnixMilli(transitions[n-1].TimeMS))
	}
	return told, err
}

// last is when a person last did what. Steps are in the order of time.
func last(p *activity.Person) *profilev1.CustomerBehavior {
	var seen, view, search, cart int64
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Type == activity.Ordered {
			continue
		}
		seen = s.TimeMS
		switch events.Type(s.Type) {
		case events.View:
			view = s.TimeMS
		case events.Search:
			search = s.TimeMS
		case events.Cart:
			cart = s.TimeMS
		}
	}
	return &profilev1.CustomerBehavior{
		CustomerId: p.Customer.ID, LastSeenTime: instant(seen), LastViewTime: instant(view),
		LastSearchTime: instant(search), LastCartTime: instant(cart),
	}
}

// instant is a time in milliseconds, nil of zero: no event is of 1970-01-01.
func instant(ms int64) *timestamppb.Timestamp {
	if ms == 0 {
		return nil
	}
	return timestamppb.New(time.UnixMilli(ms))
}
