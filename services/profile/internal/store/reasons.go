package store

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// The reasons of returns are what somebody wrote about somebody, and sealed one
// by one. All else that an order holds are codes and figures.

// reasonPlace is where the reason of a return is kept.
func reasonPlace(order, of string) string { return "orders!" + docstore.ID(order, of) }

// orderDocs are orders as they are stored, the reasons of their returns sealed.
func (s *Orders) orderDocs(ctx context.Context, orders []*domain.Order) ([]*order, error) {
	docs := make([]*order, len(orders))
	var boxes []vault.Box
	var to []*[]byte
	for i, o := range orders {
		docs[i] = orderDoc(o)
		for n, r := range o.Returns {
			if r.Reason != "" {
				boxes = append(boxes, vault.Box{Subject: o.Customer, Place: reasonPlace(o.ID, r.ID), Content: []byte(r.Reason)})
				to = append(to, &docs[i].Returns[n].Sealed)
			}
		}
	}
	if len(boxes) == 0 {
		return docs, nil
	}
	sealed, err := s.vault.SealMany(ctx, boxes)
	if err != nil {
		return nil, err
	}
	for i, content := range sealed {
		*to[i] = content
	}
	return docs, nil
}

// read reads stored orders, nil for nil. A reason whose key was destroyed is left out.
func (s *Orders) read(ctx context.Context, docs []*order) ([]*domain.Order, error) {
	orders := make([]*domain.Order, len(docs))
	var boxes []vault.Box
	var to []*string
	for i, d := range docs {
		if d == nil {
			continue
		}
		o := d.domain()
		orders[i] = &o
		for n, r := range d.Returns {
			if len(r.Sealed) > 0 {
				boxes = append(boxes, vault.Box{Subject: o.Customer, Place: reasonPlace(o.ID, r.ID), Content: r.Sealed})
				to = append(to, &o.Returns[n].Reason)
			}
		}
	}
	if len(boxes) == 0 {
		return orders, nil
	}
	reasons, errs, err := s.vault.OpenMany(ctx, boxes)
	if err != nil {
		return nil, err
	}
	for i, reason := range reasons {
		if errs[i] != nil && !errors.Is(errs[i], vault.ErrDestroyed) {
			return nil, damaged("reason of a return of customer", boxes[i].Subject, errs[i])
		}
		*to[i] = string(reason)
	}
	return orders, nil
}

func (s *Orders) readOne(ctx context.Context, doc *order) (domain.Order, error) {
	orders, err := s.read(ctx, []*order{doc})
	if err != nil {
		return domain.Order{}, err
	}
	return *orders[0], nil
}

func (s *Orders) readPage(ctx context.Context, docs []*order, next *docstore.Position) (Page[domain.Order], error) {
	page := Page[domain.Order]{Next: next, Items: make([]domain.Order, len(docs))}
	orders, err := s.read(ctx, docs)
	if err != nil {
		return Page[domain.Order]{}, err
	}
	for i, o := range orders {
		page.Items[i] = *o
	}
	return page, nil
}
