package app

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// markOwners has nothing posted by the person's names any more.
func (e erasure) markOwners(ctx context.Context) error {
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
func (e erasure) eraseOwners(ctx context.Context, done *Erased) error {
	owners, err := e.ledger.ownersOf(ctx, e.people)
	if err != nil || len(owners) == 0 {
		return err
	}
	var accounts, customers []string
	for _, owner := range owners {
		accounts = append(accounts, string(owner.Account))
		customers = append(customers, store.Key(owner.Customer))
		a, err := e.store.Accounts.Get(ctx, store.Key(string(owner.Account)))
		if err == nil {
			done.Movements += a.Entries
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	if err := e.vault.Destroy(ctx, accounts...); err != nil {
		return err
	}
	done.Accounts = int64(len(owners))
	return e.store.Owners.Erase(ctx, customers...)
}

// count counts what goes by the pseudonym.
func (e erasure) count(ctx context.Context, done *Erased) (err error) {
	if done.Codes, err = e.store.Codes.Count(ctx, store.AllCodesOf(e.pseudonym)); err != nil {
		return err
	}
	if done.Advocated, err = e.store.Referrals.Count(ctx, store.ReferralsBy(e.pseudonym)); err != nil {
		return err
	}
	done.Brought, err = e.store.Referrals.Count(ctx, store.ReferralsThatBrought(e.pseudonym))
	return err
}
