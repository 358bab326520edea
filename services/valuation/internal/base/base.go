// Package base reads the customers who are valued, as other rooms need them.
package base

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Population is the customers of one refresh.
type Population struct {
	Generation int64
	AsOf       domain.AsOf
	Date       string // YYYY-MM-DD
	Zone       string // IANA name
	Currency   string // ISO 4217, of the valuations; empty where there are no orders
	Customers  int64  // those erased since left out
	RepeatRate float64
}

// Reader reads populations.
type Reader struct {
	Store *store.Store
}

// Current is the population of the last refresh, or the fault
// VALUATIONS_NOT_REFRESHED.
func (r *Reader) Current(ctx context.Context) (Population, error) {
	summary, err := r.Store.Publication.Summary(ctx)
	if errors.Is(err, store.ErrNone) {
		return Population{}, fault.New(fault.NotFound, "VALUATIONS_NOT_REFRESHED", "nothing has been valued yet; call RefreshValuations first")
	}
	if err != nil {
		return Population{}, err
	}
	asOf, err := summary.Policy.AsOf()
	return Population{
		Generation: summary.Generation, AsOf: asOf, Date: summary.Policy.AsOfDate, Zone: summary.Policy.Zone,
		Currency: summary.Policy.Currency, Customers: summary.Customers - summary.Erased, RepeatRate: summary.RepeatRate,
	}, err
}

// All yields the valuations of a population in the order of customers' escaped
// ids. A valuation is valid until the iteration moves on.
func (r *Reader) All(ctx context.Context, p Population) iter.Seq2[*domain.Valuation, error] {
	return func(yield func(*domain.Valuation, error) bool) {
		edition, err := r.edition(ctx, p)
		if err != nil {
			yield(nil, err)
			return
		}
		for v, err := range r.Store.Valuations.All(ctx, p.Generation, store.Span{}) {
			if err == nil && edition.Hides(v.Customer) {
				continue
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// GetMany returns one entry per customer, nil for those without a valuation.
func (r *Reader) GetMany(ctx context.Context, p Population, customers []string) ([]*domain.Valuation, error) {
	edition, err := r.edition(ctx, p)
	if err != nil {
		return nil, err
	}
	valuations, err := r.Store.Valuations.GetMany(ctx, p.Generation, customers)
	for i, v := range valuations {
		if v != nil && edition.Hides(v.Customer) {
			valuations[i] = nil
		}
	}
	return valuations, err
}

// Get returns the valuation of a customer, or the fault VALUATION_NOT_FOUND.
func (r *Reader) Get(ctx context.Context, p Population, customer string) (*domain.Valuation, error) {
	found, err := r.GetMany(ctx, p, []string{customer})
	if err != nil {
		return nil, err
	}
	if found[0] == nil {
		return nil, fault.New(fault.NotFound, "VALUATION_NOT_FOUND", "customer %q had no order that counts when all were last valued", customer)
	}
	return found[0], nil
}

// edition is that of a population.
func (r *Reader) edition(ctx context.Context, p Population) (store.Edition, error) {
	edition, kept, err := r.Store.Publication.Edition(ctx, p.Generation, time.Time{})
	if err == nil && !kept {
		err = fault.New(fault.Aborted, "REFRESH_OVERTAKEN", "refresh %d is not kept any more; try again", p.Generation)
	}
	return edition, err
}

// TenureDays is the whole local days from the first order's to the as-of date.
func (p Population) TenureDays(v *domain.Valuation) int64 {
	return max(0, p.AsOf.Day-p.AsOf.Calendar.Day(v.FirstMS))
}
