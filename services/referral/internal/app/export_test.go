package app

import (
	"context"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Finish is finish, for a process that holds an old copy of a transfer.
func (l *Ledger) Finish(ctx context.Context, t *domain.Transfer) (*domain.Transfer, error) {
	return l.finish(ctx, t)
}

// Booked is booked for one name, "" where it has no account.
func (l *Ledger) Booked(ctx context.Context, name domain.AccountID) (domain.AccountID, error) {
	accounts, err := l.booked(ctx, name)
	return accounts[0], err
}

// Label is label.
func (l *Ledger) Label(ctx context.Context, account domain.AccountID) domain.AccountID {
	return l.label(ctx, account)
}

// Work is work, for a process that holds an old copy of a referral.
func (a *Programs) Work(ctx context.Context, r *domain.Referral) (*domain.Referral, error) {
	return a.work(ctx, r)
}
