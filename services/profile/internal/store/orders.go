package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Orders keeps the orders. They have no index of their own besides the feed of
// changes, so that writing many is cheap.
type Orders struct {
	docs      *docstore.Collection[order]
	customers *Customers // which records are one customer
	vault     *vault.Vault
}

func openOrders(ctx context.Context, engine docstore.Engine, customers *Customers, v *vault.Vault, clock func() time.Time) (*Orders, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[order]{Name: "orders", Changes: true}, docstore.WithClock(clock))
	return &Orders{docs, customers, v}, err
}

// Get returns an order, or a NotFound fault ORDER_NOT_FOUND.
func (s *Orders) Get(ctx context.Context, customer, id string) (domain.Order, error) {
	doc, err := s.docs.Get(ctx, orderID(customer, id))
	if err != nil {
		return domain.Order{}, orderFault(err, customer, id)
	}
	return s.readOne(ctx, doc)
}

// GetMany returns one entry per order given, which tells its customer and id;
// nil where there is none.
func (s *Orders) GetMany(ctx context.Context, of []*domain.Order) ([]*domain.Order, error) {
	ids := make([]string, len(of))
	for i, o := range of {
		ids[i] = orderID(o.Customer, o.ID)
	}
	docs, err := s.docs.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, docs)
}

// Write stores each order if the stored version is still its Version (0: if
// there is none), and returns one error per order: docstore.ErrConflict or
// ErrNotFound where it is not. What was written holds its new version.
func (s *Orders) Write(ctx context.Context, orders []*domain.Order) ([]error, error) {
	docs, err := s.orderDocs(ctx, orders)
	if err != nil {
		return nil, err
	}
	ops := make([]docstore.Op[order], len(orders))
	for i, o := range orders {
		ops[i] = docstore.Op[order]{Doc: docs[i], Expect: o.Version}
	}
	errs, err := s.docs.Write(ctx, ops)
	if err != nil {
		return nil, err
	}
	for i, o := range orders {
		if errs[i] == nil {
			o.Version, o.UpdatedAt = ops[i].Doc.Version, ops[i].Doc.UpdatedAt
		}
	}
	return errs, nil
}

// Update changes an order as docstore.Collection.Update does: change may run
// several times, and docstore.ErrUnchanged leaves the order alone.
func (s *Orders) Update(ctx context.Context, customer, id string, change func(*domain.Order) error) (domain.Order, error) {
	doc, err := s.docs.Update(ctx, orderID(customer, id), func(d *order) error {
		o, err := s.readOne(ctx, d)
		if err != nil {
			return err
		}
		if err := change(&o); err != nil {
			return err
		}
		docs, err := s.orderDocs(ctx, []*domain.Order{&o})
		if err != nil {
			return err
		}
		*d = *docs[0]
		return nil
	})
	if err != nil {
		return domain.Order{}, orderFault(err, customer, id)
	}
	return s.readOne(ctx, doc)
}

// Page lists the orders of a customer, of all its records together, by order id
// and then by the record's, from behind a position.
func (s *Orders) Page(ctx context.Context, customer string, after *docstore.Position, size int) (Page[domain.Order], error) {
	members, err := s.customers.Members(ctx, customer)
	if err != nil {
		return Page[domain.Order]{}, err
	}
	if len(members) > 1 {
		return s.pageOfAll(ctx, members, after, size)
	}
	r := docstore.Within(docstore.ID(members[0]))
	r.After, r.Limit = after, size
	docs, next, err := s.docs.Page(ctx, r)
	if err != nil {
		return Page[domain.Order]{}, err
	}
	return s.readPage(ctx, docs, next)
}

// pageOfAll merges the orders of several records. A position stands for the order
// last told, of whichever record, so that it serves when more are merged meanwhile.
func (s *Orders) pageOfAll(ctx context.Context, members []string, after *docstore.Position, size int) (Page[domain.Order], error) {
	var found []*order
	for _, member := range members {
		r := docstore.Within(docstore.ID(member))
		r.Limit = size + 1
		if after != nil {
			_, last, _ := strings.Cut(after.ID, "!")
			r.From = docstore.ID(member) + "!" + last
			if compareOrders(r.From, after.ID) <= 0 {
				r.After = &docstore.Position{ID: r.From} // its order of that id has been told
			}
		}
		for doc, err := range s.docs.Scan(ctx, r) {
			if err != nil {
				return Page[domain.Order]{}, err
			}
			found = append(found, doc)
		}
	}
	slices.SortFunc(found, func(a, b *order) int { return compareOrders(a.ID, b.ID) })
	var next *docstore.Position
	if len(found) > size {
		found = found[:size]
		next = &docstore.Position{ID: found[size-1].ID}
	}
	return s.readPage(ctx, found, next)
}

// compareOrders orders documents' ids by the order's, then by the record's.
func compareOrders(a, b string) int {
	recordA, orderA, _ := strings.Cut(a, "!")
	recordB, orderB, _ := strings.Cut(b, "!")
	return cmp.Or(strings.Compare(orderA, orderB), strings.Compare(recordA, recordB))
}

// Any reports whether the customer has an order.
func (s *Orders) Any(ctx context.Context, customer string) (bool, error) {
	r := docstore.Within(docstore.ID(customer))
	r.Limit = 1
	for _, err := range s.docs.ScanRaw(ctx, r) {
		return err == nil, err
	}
	return false, nil
}

func orderFault(err error, customer, id string) error {
	if errors.Is(err, docstore.ErrNotFound) {
		return fault.New(fault.NotFound, "ORDER_NOT_FOUND", "customer %q has no order %q", customer, id).Because(err)
	}
	return err
}
