package app

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Records yields the records behind one, all when it is empty, in the order of
// their escaped ids, the merged ones by themselves.
func (a *App) Records(ctx context.Context, behind string) iter.Seq2[domain.Customer, error] {
	var span store.Span
	if behind != "" {
		span.From = behind + `"` // the lowest character in the order of ids
	}
	return a.store.Customers.Records(ctx, span)
}

// Alter changes a record, where the service itself has a reason to.
func (a *App) Alter(ctx context.Context, id string, change func(*domain.Customer) error) error {
	_, err := a.ChangeCustomer(ctx, id, Change{by: system}, change)
	return err
}
