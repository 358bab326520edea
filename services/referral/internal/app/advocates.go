package app

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/updates"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// Advocates yields who has referred others, as of an instant, in the order of the
// bytes of their ids: of those behind one and in front of another, empty being
// open. It holds one advocate at a time.
func (a *Programs) Advocates(ctx context.Context, after, to string, before time.Time) iter.Seq2[*domain.Advocate, error] {
	return func(yield func(*domain.Advocate, error) bool) {
		if after != "" && to != "" && after >= to {
			yield(nil, fault.Invalid("to_customer_id", "must be behind after_customer_id in the order of the ids' bytes"))
			return
		}
		if before.IsZero() {
			before = a.now().Add(time.Millisecond) // what happens this moment counts
		}
		var one *domain.Advocate
		for r, err := range a.store.Referrals.Scan(ctx, store.ReferralsByAdvocate(after, to)) {
			if err != nil {
				yield(nil, err)
				return
			}
			if one != nil && one.Customer != r.Advocate {
				if one.Invitations > 0 && !yield(one, nil) {
					return
				}
				one = nil
			}
			if one == nil {
				one = &domain.Advocate{Customer: r.Advocate}
			}
			one.Take(r, before)
		}
		if one != nil && one.Invitations > 0 {
			yield(one, nil)
		}
	}
}

// AdvocatesOf is whom each of some customers has referred by now; those who opened
// no referral are left out.
func (a *Programs) AdvocatesOf(ctx context.Context, customers []string) ([]*domain.Advocate, error) {
	before := a.now().Add(time.Millisecond)
	var all []*domain.Advocate
	for _, customer := range customers {
		one := &domain.Advocate{Customer: customer}
		for r, err := range a.store.Referrals.Scan(ctx, store.ReferralsBy(customer)) {
			if err != nil {
				return nil, err
			}
			one.Take(r, before)
		}
		if one.Invitations > 0 {
			all = append(all, one)
		}
	}
	return all, nil
}

// Updates tells whose referrals, as advocates, have moved since a cursor.
func (a *Programs) Updates() *updates.Feed { return updates.New("referral", a.now, a.store.Updates()) }
