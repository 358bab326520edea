package app

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// booked returns the accounts in the books that go by the names callers use, ""
// where a customer has none. Owners are read anew each time: what somebody else
// has erased is not to be met here a moment longer.
func (l *Ledger) booked(ctx context.Context, names ...domain.AccountID) ([]domain.AccountID, error) {
	accounts := make([]domain.AccountID, len(names))
	owners, at, err := l.owners(ctx, names)
	for i, name := range names {
		accounts[i] = name.Booked()
		if n, customers := at[name]; customers {
			accounts[i] = ""
			if err == nil && owners[n] != nil {
				accounts[i] = owners[n].Account
			}
		}
	}
	return accounts, err
}

// opened is booked where a customer without an account is given one.
// CUSTOMER_BEING_ERASED where one is about to lose it.
func (l *Ledger) opened(ctx context.Context, names ...domain.AccountID) ([]domain.AccountID, error) {
	owners, at, err := l.owners(ctx, names)
	if err != nil {
		return nil, err
	}
	accounts := make([]domain.AccountID, len(names))
	for i, name := range names {
		accounts[i] = name.Booked()
		n, customers := at[name]
		if !customers {
			continue
		}
		if owners[n] == nil {
			customer, _ := name.Customer()
			if owners[n], err = l.own(ctx, customer); err != nil {
				return nil, err
			}
		}
		if owners[n].Leaving {
			return nil, domain.BeingErased(owners[n].Customer)
		}
		accounts[i] = owners[n].Account
	}
	return accounts, nil
}

// own makes a customer the owner of a new account, unless somebody else does just
// then: that is the customer's then.
func (l *Ledger) own(ctx context.Context, customer string) (*domain.Owner, error) {
	fresh := &domain.Owner{Customer: customer, Account: domain.NewAccount()}
	return l.store.Owners.Upsert(ctx, store.Key(customer), func() *domain.Owner { return fresh }, func(o *domain.Owner) error {
		return unlessUnchanged(o == fresh, nil)
	})
}

// owners reads the owners of those names that are customers', nil where there is
// none, and says where in the list the owner of a name is.
func (l *Ledger) owners(ctx context.Context, names []domain.AccountID) ([]*domain.Owner, map[domain.AccountID]int, error) {
	var keys []string
	at := make(map[domain.AccountID]int, len(names))
	for _, name := range names {
		customer, is := name.Customer()
		if _, known := at[name]; known || !is {
			continue
		}
		at[name] = len(keys)
		keys = append(keys, store.Key(customer))
	}
	owners, err := l.store.Owners.GetMany(ctx, keys)
	return owners, at, err
}

// askedAtOnce is how many owners are looked up at the same time.
const askedAtOnce = 8

// names tells by what names callers know accounts of the books.
func (l *Ledger) names(ctx context.Context, accounts ...domain.AccountID) (map[domain.AccountID]domain.AccountID, error) {
	accounts = slices.Compact(slices.Sorted(slices.Values(accounts)))
	found := make([]domain.AccountID, len(accounts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askedAtOnce)
	for i, account := range accounts {
		if found[i] = account; account.Numbered() {
			group.Go(func() (err error) {
				found[i], err = l.name(ctx, account)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	names := make(map[domain.AccountID]domain.AccountID, len(accounts))
	for i, account := range accounts {
		names[account] = found[i]
	}
	return names, nil
}

func (l *Ledger) name(ctx context.Context, account domain.AccountID) (domain.AccountID, error) {
	for owner, err := range l.store.Owners.Scan(ctx, store.OwnerOf(account)) {
		if err != nil {
			return "", err
		}
		return domain.CustomerAccount(owner.Customer), nil
	}
	return account.Ownerless(), nil
}

// label is the name of an account for a message, or what the books call it.
func (l *Ledger) label(ctx context.Context, account domain.AccountID) domain.AccountID {
	names, err := l.names(ctx, account)
	if err != nil {
		return account
	}
	return names[account]
}
