package app

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// scanner is what all scans over.
type scanner[V any] interface {
	Scan(ctx context.Context, in docstore.Range) iter.Seq2[*V, error]
}

// all yields the records of each person's range.
func all[V any](ctx context.Context, from scanner[V], people []string, of func(string) docstore.Range) iter.Seq2[*V, error] {
	return func(yield func(*V, error) bool) {
		for _, customer := range people {
			for v, err := range from.Scan(ctx, of(customer)) {
				if !yield(v, err) || err != nil {
					return
				}
			}
		}
	}
}

// CodesOf yields the codes of a person.
func (a *Programs) CodesOf(ctx context.Context, people []string) iter.Seq2[*domain.Code, error] {
	return all(ctx, a.store.Codes, people, store.AllCodesOf)
}

// ReferralsBy yields the referrals in which a person is the advocate.
func (a *Programs) ReferralsBy(ctx context.Context, people []string) iter.Seq2[*domain.Referral, error] {
	return a.opening(ctx, all(ctx, a.store.Referrals, people, store.ReferralsBy))
}

// ReferralsThatBrought yields the referrals in which a person is the referee.
func (a *Programs) ReferralsThatBrought(ctx context.Context, people []string) iter.Seq2[*domain.Referral, error] {
	return a.opening(ctx, all(ctx, a.store.Referrals, people, store.ReferralsThatBrought))
}

// opening opens the reasons.
func (a *Programs) opening(ctx context.Context, referrals iter.Seq2[*domain.Referral, error]) iter.Seq2[*domain.Referral, error] {
	return func(yield func(*domain.Referral, error) bool) {
		for r, err := range referrals {
			if err == nil {
				err = a.OpenReasons(ctx, r)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// ClaimsOf yields the claims of a person for referrals.
func (a *Programs) ClaimsOf(ctx context.Context, people []string) iter.Seq2[*domain.Referee, error] {
	return all(ctx, a.store.Referees, people, store.ClaimsOf)
}

// AccountsOf yields the accounts of a person, by name, those without entries too.
func (l *Ledger) AccountsOf(ctx context.Context, people []string) iter.Seq2[*domain.Account, error] {
	return func(yield func(*domain.Account, error) bool) {
		owners, err := l.ownersOf(ctx, people)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, owner := range owners {
			a, err := l.store.Accounts.Get(ctx, store.Key(string(owner.Account)))
			if fault.KindOf(err) == fault.NotFound {
				a, err = &domain.Account{}, nil
			}
			if err == nil {
				a.ID = domain.CustomerAccount(owner.Customer)
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

func (l *Ledger) ownersOf(ctx context.Context, people []string) (found []*domain.Owner, err error) {
	keys := make([]string, len(people))
	for i, customer := range people {
		keys[i] = store.Key(customer)
	}
	owners, err := l.store.Owners.GetMany(ctx, keys)
	for _, owner := range owners {
		if owner != nil {
			found = append(found, owner)
		}
	}
	return found, err
}

// Movement is a transfer as one of its accounts has it.
type Movement struct {
	Account  domain.AccountID // by its name
	Transfer *domain.Transfer
}

// MovementsOf yields what has moved points of a person, account by account from the
// first entry on.
func (l *Ledger) MovementsOf(ctx context.Context, people []string) iter.Seq2[Movement, error] {
	return func(yield func(Movement, error) bool) {
		for account, err := range l.AccountsOf(ctx, people) {
			if err != nil {
				yield(Movement{}, err)
				return
			}
			if account.Entries > 0 && !l.movements(ctx, account.ID, yield) {
				return
			}
		}
	}
}

// movements yields those of one account, and reports whether there was no error and
// more is wanted.
func (l *Ledger) movements(ctx context.Context, name domain.AccountID, yield func(Movement, error) bool) bool {
	a, err := l.settled(ctx, name)
	if err != nil {
		yield(Movement{}, err)
		return false
	}
	for first := int64(1); first <= a.Entries; first += foldBatch {
		entries, err := l.entries(ctx, a.ID, first, min(first+foldBatch-1, a.Entries))
		if err == nil {
			err = l.showOn(ctx, a.ID, name, entries)
		}
		if err != nil {
			yield(Movement{}, err)
			return false
		}
		for _, t := range entries {
			if !yield(Movement{name, t}, nil) {
				return false
			}
		}
	}
	return true
}
