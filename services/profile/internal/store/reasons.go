package store

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// The reasons of returns are what somebody wrote about somebody, and sealed one
// by one. All else that an order holds are codes and figures.

// reasons are the seals of the returns of an order.
func (d *order) reasons() []seal {
	parts := docstore.ParseID(d.ID)
	seals := make([]seal, len(d.Returns))
	for n := range d.Returns {
		r := &d.Returns[n]
		seals[n] = seal{parts[0], "orders!" + docstore.ID(parts[len(parts)-1], r.ID), &r.Sealed, &r.reason}
	}
	return seals
}

// orderDocs are orders as they are stored.
func (s *Orders) orderDocs(ctx context.Context, orders []*domain.Order) ([]*order, error) {
	docs := make([]*order, len(orders))
	var seals []seal
	for i, o := range orders {
		docs[i] = orderDoc(o)
		if len(o.Returns) > 0 {
			seals = append(seals, docs[i].reasons()...)
		}
	}
	return docs, closeAll(ctx, s.vault, seals)
}

// read reads stored orders, nil for nil. A reason whose key was destroyed is left out.
func (s *Orders) read(ctx context.Context, docs []*order) ([]*domain.Order, error) {
	var seals []seal
	for _, d := range docs {
		if d != nil && len(d.Returns) > 0 {
			seals = append(seals, d.reasons()...)
		}
	}
	if err := openAll(ctx, s.vault, seals); err != nil {
		return nil, err
	}
	orders := make([]*domain.Order, len(docs))
	for i, d := range docs {
		if d != nil {
			o := d.domain()
			orders[i] = &o
		}
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
