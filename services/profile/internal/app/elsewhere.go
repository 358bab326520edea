package app

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Records are a customer's records that are kept elsewhere. Any reports whether
// there are some: then the customer cannot be deleted.
type Records struct {
	Reason string // of the fault, e.g. CUSTOMER_HAS_EVENTS
	What   string // in plain English: "events"
	Any    func(ctx context.Context, customer string) (bool, error)
}

// Mind makes the use cases mind records kept elsewhere. It is to be called before
// any other.
func (a *App) Mind(r Records) { a.elsewhere = append(a.elsewhere, r) }

// bound is the fault for a customer who has records of some kind; nil without.
func (a *App) bound(ctx context.Context, id string) (*fault.Fault, error) {
	kinds := append([]Records{{Reason: "CUSTOMER_HAS_ORDERS", What: "orders", Any: a.store.Orders.Any}}, a.elsewhere...)
	for _, kind := range kinds {
		has, err := kind.Any(ctx, id)
		if err != nil {
			return nil, err
		}
		if has {
			return fault.New(fault.FailedPrecondition, kind.Reason, "customer %q has %s: only one without any can be deleted", id, kind.What), nil
		}
	}
	return nil, nil
}

// WithCustomers sees to it that customers exist, creating those that do not with
// nothing but their ids, does the work, and looks again if one was deleted
// meanwhile.
func (a *App) WithCustomers(ctx context.Context, ids iter.Seq[string], work func() error) error {
	return a.withCustomers(ctx, ids, domain.Source{}, work)
}

// Known reports whether there is such a customer.
func (a *App) Known(ctx context.Context, id string) (bool, error) {
	there, err := a.store.Customers.Exist(ctx, []string{id})
	if err != nil {
		return false, err
	}
	return there[0], nil
}
