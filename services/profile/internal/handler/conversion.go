package handler

import (
	"context"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// conversion makes what brings a purchase into a currency, by the rate of the day
// on which it was placed. For the empty currency it changes nothing.
func (h *Orders) conversion(ctx context.Context, to string) (func(*store.Purchase) error, error) {
	if to == "" {
		return func(*store.Purchase) error { return nil }, nil
	}
	if f := domain.CheckCurrency("reporting_currency_code", to); f != nil {
		return nil, f
	}
	table, err := h.rates.Into(ctx, to)
	if err != nil {
		return nil, err
	}
	code := []byte(to)
	return func(p *store.Purchase) error {
		if string(p.Currency) == to {
			return nil
		}
		from := string(p.Currency)
		for _, amount := range []*int64{&p.Amount, &p.Refunded, &p.Discount, &p.Cost} {
			if *amount == -1 {
				continue // not known
			}
			var err error
			if *amount, err = table.Convert(*amount, from, p.TimeMS); err != nil {
				return err
			}
		}
		p.Currency = code
		return nil
	}, nil
}
