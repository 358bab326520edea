// Package recommend finds what customers need and have not asked for: items that
// go with what they bought or looked at (item-to-item collaborative filtering),
// the category that comes next, and what was searched for in vain. docs/needs.md
// has the equations and how well they do.
package recommend

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Orders are the orders of customers, as *store.Orders keeps them.
type Orders interface {
	// Baskets yields the counting orders with items of a span that were placed
	// before an instant, customer by customer in the order of their escaped ids.
	Baskets(ctx context.Context, span store.Span, before time.Time) iter.Seq2[*store.Basket, error]
	// BasketsOf returns those of one customer and all records merged into it, at
	// most so many.
	BasketsOf(ctx context.Context, customer string, most int) ([]store.Basket, error)
}

// Deeds are what one customer did besides buying.
type Deeds struct {
	CustomerKey string // escaped id
	Views       []string
	Searches    []Search // those without a result
}

// Search is one that found nothing.
type Search struct {
	Term string
	Time time.Time
}

// Events are what customers did, as the events room keeps it.
type Events interface {
	// Deeds yields what the customers of a span did before an instant, in the
	// order of their escaped ids.
	Deeds(ctx context.Context, span store.Span, before time.Time) iter.Seq2[*Deeds, error]
	// Viewed returns the items that a customer looked at last.
	Viewed(ctx context.Context, customer string, most int) ([]string, error)
}

// Consents are what customers have decided about the use of their data.
type Consents interface {
	// Allowed reports of each customer whether a purpose is allowed.
	Allowed(ctx context.Context, customers []string, purpose string) ([]bool, error)
	// Along is Allowed for one customer after the other, in the order of their
	// escaped ids, from one on. stop is to be called at the end.
	Along(ctx context.Context, purpose, from string) (allowed func(customer string) (bool, error), stop func(), err error)
}

// The purposes that are asked for: to be learnt from, and to have one's own
// history looked at.
const (
	learning  = "analytics"
	profiling = "segmentation"
)

// Deps are what the room is given.
type Deps struct {
	Engine     docstore.Engine
	Orders     Orders
	Events     Events
	Consents   Consents
	Known      func(ctx context.Context, customer string) error // CUSTOMER_NOT_FOUND where there is none
	Operations *operation.Manager
	Clock      func() time.Time
}

// Room is the recommendations.
type Room struct {
	deps   Deps
	tables *tables
	loaded *cache
	bounds bounds
}

// Open opens the room's collections and registers its operation.
func Open(ctx context.Context, deps Deps) (*Room, error) {
	tables, err := openTables(ctx, deps.Engine, deps.Clock)
	if err != nil {
		return nil, err
	}
	r := &Room{deps: deps, tables: tables, loaded: &cache{}, bounds: defaultBounds}
	return r, r.register(deps.Operations)
}
