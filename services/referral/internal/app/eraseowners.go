package app

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// markOwners has nothing posted by the person's names any more.
func (e eraser) markOwners(ctx context.Context) error {
	owners, err := e.ledger.ownersOf(ctx, e.people)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		_, err := e.store.Owners.Update(ctx, store.Key(owner.Customer), func(o *domain.Owner) error {
			if o.Leaving {
				return docstore.ErrUnchanged
			}
			o.Leaving = true
			return nil
		})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}

// eraseOwners makes the memos of the person's accounts unreadable and then removes
// what tells whose these are.
func (e eraser) eraseOwners(ctx context.Context) error {
	owners, err := e.ledger.ownersOf(ctx, e.people)
	if err != nil {
		return err
	}
	var accounts, customers []string
	var movements int
	for _, owner := range owners {
		accounts = append(accounts, string(owner.Account))
		customers = append(customers, store.Key(owner.Customer))
		a, err := e.store.Accounts.Get(ctx, store.Key(string(owner.Account)))
		if err == nil {
			movements += int(a.Entries)
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	remove := func(ctx context.Context) error {
		if err := e.vault.Destroy(ctx, accounts...); err != nil {
			return err
		}
		return e.store.Owners.Erase(ctx, customers...)
	}
	if movements > 0 {
		bare := remove
		remove = func(ctx context.Context) error {
			return e.store.Erasures.Remove(ctx, e.pseudonym, movementRecords, movements, bare)
		}
	} else if err := e.store.Erasures.Remove(ctx, e.pseudonym, movementRecords, 0, nil); err != nil {
		return err
	}
	return e.store.Erasures.Remove(ctx, e.pseudonym, accountRecords, len(owners), remove)
}

// count counts what goes by the pseudonym, and what was removed since the first call.
func (e eraser) count(ctx context.Context) (done Erased, err error) {
	if done.Codes, err = e.store.Codes.Count(ctx, store.AllCodesOf(e.pseudonym)); err != nil {
		return done, err
	}
	if done.Advocated, err = e.store.Referrals.Count(ctx, store.ReferralsBy(e.pseudonym)); err != nil {
		return done, err
	}
	if done.Brought, err = e.store.Referrals.Count(ctx, store.ReferralsThatBrought(e.pseudonym)); err != nil {
		return done, err
	}
	removed, err := e.store.Erasures.Removed(ctx, e.pseudonym)
	done.Claims, done.Accounts, done.Movements = removed[claimRecords], removed[accountRecords], removed[movementRecords]
	return done, err
}
