package app

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

const sweepPage = 100

// records is what sweep walks over.
type records[V any] interface {
	Page(ctx context.Context, r docstore.Range) ([]*V, *docstore.Position, error)
}

// sweep hands every record of a range to do. One that fails does not keep the
// others waiting; all errors are returned together, at most one page of them.
func sweep[V any](ctx context.Context, from records[V], r docstore.Range, do func(context.Context, *V) error) error {
	r.Limit = sweepPage
	var failures []error
	for {
		page, next, err := from.Page(ctx, r)
		if err != nil {
			return errors.Join(append(failures, err)...)
		}
		for _, v := range page {
			if err := do(ctx, v); err != nil && len(failures) < sweepPage {
				failures = append(failures, err)
			}
		}
		if next == nil || ctx.Err() != nil {
			return errors.Join(failures...)
		}
		r.After = next
	}
}

// Sweep finishes what was begun before an instant and left undone, expires the
// referrals whose time has gone by, and removes what was deleted long ago.
func (a *Programs) Sweep(ctx context.Context, before time.Time) error {
	return errors.Join(
		sweep(ctx, a.store.Codes, store.CodesInviting(before), func(ctx context.Context, c *domain.Code) error {
			defer a.gate.enter()()
			return a.settleInvitations(ctx, c.Program, c.Code)
		}),
		sweep(ctx, a.store.Referees, store.RefereesUnconfirmed(before), a.settleClaim),
		a.ledger.Sweep(ctx, before),
		sweep(ctx, a.store.Referrals, store.ReferralsUnfinished(before), a.workAgain),
		sweep(ctx, a.store.Referrals, store.ReferralsDue(a.now()), func(ctx context.Context, r *domain.Referral) error {
			return a.expire(ctx, r.Program, r.ID)
		}),
		a.store.Sweep(ctx, a.now().Add(-docstore.TombstoneLife)),
	)
}

func unless(final bool, err error) error {
	if final {
		return nil
	}
	return err
}

// workAgain does what is owed to a referral, which is read again: that in hand may be
// older than an erasure.
func (a *Programs) workAgain(ctx context.Context, r *domain.Referral) error {
	defer a.gate.enter()()
	r, err := a.Referral(ctx, r.Program, r.ID)
	if err == nil {
		_, err = a.work(ctx, r)
	}
	return unless(fault.ReasonOf(err) == budgetExhausted, err) // it waits for the step to be taken again
}

// settleClaim finishes the sign-up of a claim, read again likewise. One that was
// given up is settled too.
func (a *Programs) settleClaim(ctx context.Context, claim *domain.Referee) error {
	defer a.gate.enter()()
	claim, err := a.store.Referees.Get(ctx, store.Key(claim.Program, claim.Customer))
	if err == nil && !claim.Confirmed {
		_, err = a.settleReferee(ctx, claim)
	}
	return unless(isRefusal(err) || fault.KindOf(err) == fault.NotFound, err)
}
