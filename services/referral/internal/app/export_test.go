package app

import (
	"context"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Finish is finish, for a process that holds an old copy of a transfer.
func (l *Ledger) Finish(ctx context.Context, t *domain.Transfer) (*domain.Transfer, error) {
	return l.finish(ctx, t)
}

// Work is work, for a process that holds an old copy of a referral.
func (a *Programs) Work(ctx context.Context, r *domain.Referral) (*domain.Referral, error) {
	return a.work(ctx, r)
}
