package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// Transfer returns a posted transfer, finishing it first where it is under way.
// One that was refused has never been: TRANSFER_NOT_FOUND.
func (l *Ledger) Transfer(ctx context.Context, id string) (*domain.Transfer, error) {
	t, err := l.store.Transfers.Get(ctx, store.Key(id))
	if err == nil {
		t, err = l.finish(ctx, t)
	}
	if err == nil && t.State == domain.Refused {
		return nil, fault.New(fault.NotFound, "TRANSFER_NOT_FOUND", "there is no transfer %q: it was refused", id)
	}
	return t, err
}

// Account returns an account, or the fault ACCOUNT_NOT_FOUND for one without entries.
func (l *Ledger) Account(ctx context.Context, id domain.AccountID) (*domain.Account, error) {
	a, err := l.store.Accounts.Get(ctx, store.Key(string(id)))
	if err == nil && a.Entries == 0 { // it has only ever refused
		return nil, fault.New(fault.NotFound, "ACCOUNT_NOT_FOUND", "there is no entry in account %q", id)
	}
	return a, err
}

// Holdings returns what an account's owner has in all: the account itself, or the
// sum over the records of a customer that have been merged, by the name of the one
// they were merged into, and the accounts it is the sum of. ACCOUNT_NOT_FOUND where
// none has an entry.
func (l *Ledger) Holdings(ctx context.Context, id domain.AccountID) (*domain.Account, []domain.AccountID, error) {
	customer, is := id.Customer()
	if !is {
		a, err := l.Account(ctx, id)
		return a, nil, err
	}
	members := l.profile.Members(ctx, customer)
	if len(members) == 1 {
		a, err := l.Account(ctx, id)
		return a, nil, err
	}
	keys := make([]string, len(members))
	for i, member := range members {
		keys[i] = store.Key(string(domain.CustomerAccount(member)))
	}
	accounts, err := l.store.Accounts.GetMany(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	sum := &domain.Account{ID: domain.CustomerAccount(members[0])}
	var parts []domain.AccountID
	for _, a := range accounts {
		if a != nil && a.Entries > 0 {
			sum.Add(a)
			parts = append(parts, a.ID)
		}
	}
	if parts == nil {
		_, err := l.Account(ctx, id)
		return nil, nil, err
	}
	return sum, parts, nil
}

// settled reads an account after finishing what is in flight there: its entries
// up to the number returned with it can all be read.
func (l *Ledger) settled(ctx context.Context, id domain.AccountID) (*domain.Account, error) {
	a, err := l.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	open, err := l.open(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, t := range open {
		if _, err := l.finish(ctx, t); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Entries returns up to size posted transfers of an account, the newest first,
// from below the sequence before (0: from the newest), and whether there are more.
func (l *Ledger) Entries(ctx context.Context, id domain.AccountID, before int64, size int) (_ []*domain.Transfer, more bool, err error) {
	a, err := l.settled(ctx, id)
	if err != nil {
		return nil, false, err
	}
	last := a.Entries
	if before > 0 {
		last = min(last, before-1)
	}
	first := max(1, last-int64(size)+1)
	entries, err := l.entries(ctx, id, first, last)
	slices.Reverse(entries)
	return entries, first > 1, err
}

// entries returns the posted transfers of an account with sequences from first
// to last, in their order.
func (l *Ledger) entries(ctx context.Context, id domain.AccountID, first, last int64) ([]*domain.Transfer, error) {
	var found []*domain.Transfer
	for _, r := range store.Entries(id, first, last) {
		for t, err := range l.store.Transfers.Scan(ctx, r) {
			if err != nil {
				return nil, err
			}
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *domain.Transfer) int {
		one, _ := a.Touches(id)
		other, _ := b.Touches(id)
		return cmp.Compare(one.Sequence, other.Sequence)
	})
	return found, nil
}

// Sweep finishes the transfers begun before an instant that a crash has left.
func (l *Ledger) Sweep(ctx context.Context, before time.Time) error {
	return sweep(ctx, l.store.Transfers, store.TransfersPending(before), func(ctx context.Context, t *domain.Transfer) error {
		_, err := l.finish(ctx, t)
		return err
	})
}
