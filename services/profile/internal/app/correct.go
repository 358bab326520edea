package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// CorrectOrder replaces what a caller records of an order by what change makes of
// it; the returns stay and must still fit. change may run several times. It
// returns the order as it then is, or would be. Faults: ORDER_NOT_FOUND,
// REFUND_EXCEEDS_AMOUNT, ORDER_HAS_RETURNS, CURRENCY_MISMATCH.
func (a *App) CorrectOrder(ctx context.Context, customer, id string, validateOnly bool, change func(*domain.Order) (domain.Order, error)) (domain.Order, error) {
	correct := func(o *domain.Order) error {
		content, err := change(o)
		if err != nil {
			return err
		}
		if err := content.Normalize(a.now()); err != nil {
			return err
		}
		corrected, err := o.Correct(&content)
		if err != nil {
			return err
		}
		if corrected.SameContent(o) {
			return docstore.ErrUnchanged
		}
		*o = corrected
		return nil
	}
	if !validateOnly {
		return a.store.Orders.Update(ctx, customer, id, correct)
	}
	o, err := a.store.Orders.Get(ctx, customer, id)
	if err == nil {
		if err = correct(&o); errors.Is(err, docstore.ErrUnchanged) {
			err = nil
		}
	}
	return o, err
}

// CancelOrder cancels an order; check sees its version first. Faults:
// ORDER_NOT_FOUND, ORDER_HAS_RETURNS.
func (a *App) CancelOrder(ctx context.Context, customer, id string, check func(version int64) error) (domain.Order, error) {
	return a.store.Orders.Update(ctx, customer, id, func(o *domain.Order) error {
		if err := check(o.Version); err != nil {
			return err
		}
		switch {
		case o.Status == domain.Cancelled:
			return docstore.ErrUnchanged
		case o.Status == domain.Returned || len(o.Returns) > 0:
			return fault.New(fault.FailedPrecondition, "ORDER_HAS_RETURNS",
				"goods of the order came back: it is refunded by returns, not cancelled")
		}
		o.Status = domain.Cancelled
		return nil
	})
}
