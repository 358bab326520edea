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
	if err != nil {
		return nil, err
	}
	if t.State == domain.Refused {
		return nil, fault.New(fault.NotFound, "TRANSFER_NOT_FOUND", "there is no transfer %q: it was refused", id)
	}
	return t, l.show(ctx, t)
}

// Account returns an account by a name callers use, or the fault ACCOUNT_NOT_FOUND
// for one without entries.
func (l *Ledger) Account(ctx context.Context, name domain.AccountID) (*domain.Account, error) {
	a, err := l.account(ctx, name)
	if err != nil {
		return nil, err
	}
	a.ID = name
	return a, nil
}

// account is Account with the id it has in the books.
func (l *Ledger) account(ctx context.Context, name domain.AccountID) (*domain.Account, error) {
	accounts, err := l.booked(ctx, name)
	if err != nil {
		return nil, err
	}
	id := accounts[0]
	if _, customers := name.Customer(); !customers && id.Numbered() {
		if proper, err := l.name(ctx, id); err != nil || proper != name {
			return nil, cmp.Or(err, noEntry(name))
		}
	}
	if id == "" {
		return nil, noEntry(name)
	}
	a, err := l.store.Accounts.Get(ctx, store.Key(string(id)))
	if fault.KindOf(err) == fault.NotFound || err == nil && a.Entries == 0 { // it has only ever refused
		return nil, noEntry(name)
	}
	return a, err
}

func noEntry(name domain.AccountID) error {
	return fault.New(fault.NotFound, "ACCOUNT_NOT_FOUND", "there is no entry in account %q", name)
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
	names := make([]domain.AccountID, len(members))
	for i, member := range members {
		names[i] = domain.CustomerAccount(member)
	}
	ids, err := l.booked(ctx, names...)
	if err != nil {
		return nil, nil, err
	}
	sum := &domain.Account{ID: names[0]}
	var parts []domain.AccountID
	for i, id := range ids {
		if id == "" {
			continue
		}
		a, err := l.store.Accounts.Get(ctx, store.Key(string(id)))
		if err == nil && a.Entries > 0 {
			sum.Add(a)
			parts = append(parts, names[i])
		}
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, nil, err
		}
	}
	if parts == nil {
		return nil, nil, noEntry(id)
	}
	return sum, parts, nil
}

// settled reads an account by its name after finishing what is in flight there: its
// entries up to the number returned with it can all be read.
func (l *Ledger) settled(ctx context.Context, name domain.AccountID) (*domain.Account, error) {
	a, err := l.account(ctx, name)
	if err != nil {
		return nil, err
	}
	return a, l.settle(ctx, a)
}

// settle finishes what is in flight on an account.
func (l *Ledger) settle(ctx context.Context, a *domain.Account) error {
	open, err := l.pending(ctx, a)
	if err != nil {
		return err
	}
	for _, t := range open {
		if _, err := l.finish(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// Entries returns up to size posted transfers of an account, the newest first,
// from below the sequence before (0: from the newest), and whether there are more.
func (l *Ledger) Entries(ctx context.Context, name domain.AccountID, before int64, size int) (_ []*domain.Transfer, more bool, err error) {
	a, err := l.settled(ctx, name)
	if err != nil {
		return nil, false, err
	}
	last := a.Entries
	if before > 0 {
		last = min(last, before-1)
	}
	first := max(1, last-int64(size)+1)
	entries, err := l.entries(ctx, a.ID, first, last)
	if err != nil {
		return nil, false, err
	}
	slices.Reverse(entries)
	return entries, first > 1, l.showOn(ctx, a.ID, name, entries)
}

// showOn is show for the entries of an account that goes by a name.
func (l *Ledger) showOn(ctx context.Context, account, name domain.AccountID, entries []*domain.Transfer) error {
	gives := make([]bool, len(entries))
	for i, t := range entries {
		gives[i] = t.From == account
	}
	if err := l.show(ctx, entries...); err != nil {
		return err
	}
	for i, t := range entries {
		if gives[i] {
			t.From = name
		} else {
			t.To = name
		}
	}
	return nil
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
