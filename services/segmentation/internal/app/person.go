package app

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// PersonMembership is a customer's membership, with its segment.
type PersonMembership struct {
	Segment string
	domain.Membership
}

// PersonTransition is a customer's transition, with its segment.
type PersonTransition struct {
	Segment string
	domain.Transition
}

// passTimes looks up when passes were published.
type passTimes struct {
	passes *store.Passes
	known  map[store.Place]time.Time
}

func (a *App) passTimes() *passTimes { return &passTimes{a.store.Passes, map[store.Place]time.Time{}} }

// of is zero for a pass that is not published, or not known any more.
func (t *passTimes) of(ctx context.Context, p store.Place) (time.Time, error) {
	at, known := t.known[p]
	if known {
		return at, nil
	}
	pass, err := t.passes.Get(ctx, p.Segment, p.Generation)
	if err == nil && pass != nil {
		at = pass.At
	}
	t.known[p] = at
	return at, err
}

// MembershipsOf yields all memberships that are stored of some customers: of
// current and superseded passes, and of those under way.
func (a *App) MembershipsOf(ctx context.Context, customers []string) iter.Seq2[PersonMembership, error] {
	return func(yield func(PersonMembership, error) bool) {
		places, _, err := a.store.Members.Places(ctx)
		times := a.passTimes()
		for _, customer := range customers {
			var rows []store.MemberRow
			if err == nil {
				rows, err = a.store.Members.MembersOf(ctx, places, []string{rowKey(customer)})
			}
			for _, r := range rows {
				m := PersonMembership{r.Segment, domain.Membership{Customer: customer, Generation: r.Generation}}
				if m.Since, err = times.of(ctx, store.Place{Segment: r.Segment, Generation: r.Since}); err != nil {
					break
				}
				if !yield(m, nil) {
					return
				}
			}
			if err != nil {
				yield(PersonMembership{}, err)
				return
			}
		}
	}
}

// TransitionsOf yields all transitions that are stored of some customers.
func (a *App) TransitionsOf(ctx context.Context, customers []string) iter.Seq2[PersonTransition, error] {
	return func(yield func(PersonTransition, error) bool) {
		_, places, err := a.store.Members.Places(ctx)
		times := a.passTimes()
		for _, customer := range customers {
			var rows []store.MoveRow
			if err == nil {
				rows, err = a.store.Members.MovesOf(ctx, places, []string{rowKey(customer)})
			}
			for _, r := range rows {
				m := PersonTransition{r.Segment, domain.Transition{Customer: customer, Left: r.Left, Generation: r.Generation}}
				if m.At, err = times.of(ctx, r.Place); err != nil {
					break
				}
				if !yield(m, nil) {
					return
				}
			}
			if err != nil {
				yield(PersonTransition{}, err)
				return
			}
		}
	}
}
