package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// A memo is a caller's text and may tell of a person. It is sealed for the owner of
// each customer's account that the transfer touches, for one inside the other: so
// it can be read while both keys are there, and erasing either person ends it.
// Accounts, not customers, are what the keys are of.

// keepers are the accounts for whose owners a memo is sealed, the innermost first.
func keepers(t *domain.Transfer) (accounts []domain.AccountID) {
	for _, account := range []domain.AccountID{t.From, t.To} {
		if account.Numbered() {
			accounts = append(accounts, account)
		}
	}
	return accounts
}

func memoBox(account domain.AccountID, t *domain.Transfer, content []byte) vault.Box {
	return vault.Box{Subject: string(account), Place: "transfers!" + t.ID, Content: content}
}

// sealMemo seals the memo of a transfer between accounts of the books.
func (l *Ledger) sealMemo(ctx context.Context, t *domain.Transfer) error {
	if t.Memo == "" {
		return nil
	}
	content := []byte(t.Memo)
	for _, account := range keepers(t) {
		sealed, err := l.vault.SealMany(ctx, []vault.Box{memoBox(account, t, content)})
		if err != nil {
			return err
		}
		content = sealed[0]
	}
	t.Sealed = content
	return nil
}

// openMemos opens the memos of transfers between accounts of the books. Of one that
// cannot be read any more nothing is left.
func (l *Ledger) openMemos(ctx context.Context, transfers ...*domain.Transfer) error {
	contents := make([][]byte, len(transfers))
	for i, t := range transfers {
		contents[i] = t.Sealed
	}
	for layer := 1; layer >= 0; layer-- {
		var boxes []vault.Box
		var places []int
		for i, t := range transfers {
			if accounts := keepers(t); contents[i] != nil && layer < len(accounts) {
				boxes, places = append(boxes, memoBox(accounts[layer], t, contents[i])), append(places, i)
			}
		}
		opened, errs, err := l.vault.OpenMany(ctx, boxes)
		if err != nil {
			return err
		}
		for n, i := range places {
			if errs[n] != nil && !errors.Is(errs[n], vault.ErrDestroyed) {
				return errs[n]
			}
			contents[i] = opened[n]
		}
	}
	for i, t := range transfers {
		if t.Sealed != nil {
			t.Memo = string(contents[i])
		}
	}
	return nil
}

// show turns transfers of the books into what callers know: the names of accounts,
// and memos that can be read.
func (l *Ledger) show(ctx context.Context, transfers ...*domain.Transfer) error {
	if err := l.openMemos(ctx, transfers...); err != nil {
		return err
	}
	accounts := make([]domain.AccountID, 0, 2*len(transfers))
	for _, t := range transfers {
		accounts = append(accounts, t.From, t.To)
	}
	names, err := l.names(ctx, accounts...)
	if err != nil {
		return err
	}
	for _, t := range transfers {
		t.From, t.To = names[t.From], names[t.To]
	}
	return nil
}
