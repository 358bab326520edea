// Package store keeps the profile service's records on pkg/docstore:
//
//	customers    _id customer             the customers
//	identifiers  _id blind index          whose an identifier is
//	orders       _id customer!order       the orders, so that a history is one range
//	deletions    _id customer             customers deleted a moment ago
//	customer_changes  _id customer!time   what was changed, but for the newest
package store

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/updates"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Store is the collections of the service.
type Store struct {
	Customers   *Customers
	Identifiers *Identifiers
	Orders      *Orders
	Deletions   *Deletions
	Changes     *Changes
}

// Open opens the collections, creating them where they are missing. What
// describes a customer is sealed in v.
func Open(ctx context.Context, engine docstore.Engine, v *vault.Vault, clock func() time.Time) (*Store, error) {
	s := &Store{}
	var errs [5]error
	s.Customers, errs[0] = openCustomers(ctx, engine, v, clock)
	s.Identifiers, errs[1] = openIdentifiers(ctx, engine, v, clock)
	s.Orders, errs[2] = openOrders(ctx, engine, s.Customers, v, clock)
	s.Deletions, errs[3] = openDeletions(ctx, engine, v, clock)
	s.Changes, errs[4] = openChanges(ctx, engine, v, clock)
	return s, errors.Join(errs[:]...)
}

// Updates tells whose record or orders changed, merges included: they are part of
// the records that they are about. Orders without a buyer are nobody's.
func (s *Store) Updates() []updates.Source {
	return []updates.Source{
		updates.Of("customers", s.Customers.docs, updates.FirstPart[customer]),
		updates.Of("orders", s.Orders.docs, func(id string, _ *order) string {
			if buyer := docstore.ParseID(id)[0]; buyer != domain.Anonymous {
				return buyer
			}
			return ""
		}),
	}
}

// unfedLife is how long tombstones are kept that no feed tells of: longer than a
// write can be held up.
const unfedLife = time.Hour

// Sweep removes the tombstones that no reader of a change feed can still need.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	before, unfed := now.Add(-docstore.TombstoneLife), now.Add(-unfedLife)
	_, customers := s.Customers.docs.Sweep(ctx, before)
	_, identifiers := s.Identifiers.docs.Sweep(ctx, unfed)
	_, orders := s.Orders.docs.Sweep(ctx, before)
	_, deletions := s.Deletions.docs.Sweep(ctx, unfed)
	_, changes := s.Changes.docs.Sweep(ctx, before)
	return errors.Join(customers, identifiers, orders, deletions, changes)
}

// Span is a part of the customers in the order of their escaped ids. From is
// inside, To behind it; empty is open.
type Span struct{ From, To string }

// bounds are those of the ids in the store. They serve the orders as well: an
// order's id continues its customer's with "!", which sorts below all else.
func (s Span) bounds() (docstore.Range, error) {
	var r docstore.Range
	if s.From != "" {
		r.From = docstore.ID(s.From)
	}
	if s.To != "" {
		r.To = docstore.ID(s.To)
	}
	if r.To != "" && r.From > r.To {
		return r, fault.Invalid("range.to", "must not be before range.from in the order of escaped ids")
	}
	return r, nil
}

// Page is one page of a list: where the next one begins, nil at the end.
type Page[T any] struct {
	Items []T
	Next  *docstore.Position
}

// Lost reports that a write came too late: somebody else had changed, created or
// removed the record meanwhile.
func Lost(err error) bool {
	return errors.Is(err, docstore.ErrConflict) || errors.Is(err, docstore.ErrNotFound)
}
