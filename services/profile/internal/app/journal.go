package app

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// by says who changes records for a source.
func by(ctx context.Context, src domain.Source) domain.Change {
	if src.Import != "" {
		return domain.Change{Actor: "imports/" + src.Import}
	}
	return domain.Change{Actor: "api", RequestID: rpc.RequestID(ctx)}
}

// system is who changes a record where the service mends what broke off.
var system = domain.Change{Actor: "system"}

// journal gives each record to be written its change, and keeps the change that
// was its newest until now. To be called directly before writing: a record whose
// write is lost keeps its change, which is then in both places, and told once.
func (a *App) journal(ctx context.Context, edits []*edit) error {
	var past []store.ChangeOf
	for _, e := range edits {
		e.after.LastChange = domain.Changed(e.before, e.after, e.by, a.instant())
		if e.before != nil && e.before.LastChange != nil {
			past = append(past, store.ChangeOf{Customer: e.after.ID, Change: e.before.LastChange})
		}
	}
	return a.store.Changes.Put(ctx, past)
}

// Changes lists the changes of a customer's record, the newest first, from behind
// a position. Faults: CUSTOMER_NOT_FOUND.
func (a *App) Changes(ctx context.Context, customer string, after *docstore.Position, size int) (store.Page[*domain.Change], error) {
	c, err := a.store.Customers.Get(ctx, customer)
	if err != nil {
		return store.Page[*domain.Change]{}, err
	}
	page, err := a.store.Changes.Page(ctx, &c, after, size)
	if err == nil {
		err = a.Guard().RedactChanges(ctx, customer, page.Items)
	}
	return page, err
}

// endOf is behind all changes of a customer.
func endOf(c *domain.Customer, now time.Time) time.Time {
	if c.LastChange == nil || c.LastChange.Seq < now.UnixMilli() {
		return now
	}
	return time.UnixMilli(c.LastChange.Seq + 1)
}
