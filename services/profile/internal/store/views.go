package store

import (
	"context"
	"maps"
	"slices"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// View returns the customer to whom a record belongs, or a NotFound fault
// CUSTOMER_NOT_FOUND.
func (s *Customers) View(ctx context.Context, id string) (domain.Customer, error) {
	views, err := s.Views(ctx, []string{id})
	if err != nil {
		return domain.Customer{}, err
	}
	if views[0] == nil {
		return domain.Customer{}, CustomerNotFound(id)
	}
	return *views[0], nil
}

// Views returns one entry per id: the customer to whom that record belongs, nil
// where there is no such record. Of records of one customer each gets the same.
func (s *Customers) Views(ctx context.Context, ids []string) ([]*domain.Customer, error) {
	f, err := s.gatherOpen(ctx, ids)
	if err != nil {
		return nil, err
	}
	views := make([]*domain.Customer, len(ids))
	made := map[string]*domain.Customer{}
	for i, id := range ids {
		if f.docs[id] == nil {
			continue
		}
		root := f.forest.Root(id)
		if made[root] == nil {
			view, err := f.view(root, nil)
			if err != nil {
				return nil, err
			}
			made[root] = &view
		}
		views[i] = made[root]
	}
	return views, nil
}

// gatherOpen is gather for who reads what the records hold.
func (s *Customers) gatherOpen(ctx context.Context, ids []string) (*family, error) {
	f, err := s.gather(ctx, ids)
	if err != nil {
		return nil, err
	}
	return f, s.open(ctx, false, slices.Collect(maps.Values(f.docs))...)
}

// view shows the customer behind a root, with one of its records taken to be as given.
func (f *family) view(root string, given *domain.Customer) (domain.Customer, error) {
	var records []domain.Customer
	for _, id := range f.forest.Members(root) {
		if given != nil && given.ID == id {
			records = append(records, *given)
			continue
		}
		record, err := readCustomer(f.docs[id])
		if err != nil {
			return record, err
		}
		records = append(records, record)
	}
	return domain.View(records), nil
}

// Around shows the customer to whom a record belongs, with that record as given,
// whether it is stored so or not.
func (s *Customers) Around(ctx context.Context, record domain.Customer) (domain.Customer, error) {
	if !record.Links.Any() {
		return record, nil
	}
	f, err := s.gatherOpen(ctx, []string{record.ID})
	if err != nil {
		return domain.Customer{}, err
	}
	return f.view(f.forest.Root(record.ID), &record)
}

// Imagine shows the customers to whom records belong as they would be after a
// change of links, which is given those of all their records.
func (s *Customers) Imagine(ctx context.Context, ids []string, change func(map[string]domain.Links)) ([]domain.Customer, error) {
	f, err := s.gatherOpen(ctx, ids)
	if err != nil {
		return nil, err
	}
	links := f.links()
	change(links)
	f.forest = domain.NewForest(links)
	views := make([]domain.Customer, len(ids))
	for i, id := range ids {
		if f.docs[id] == nil {
			return nil, CustomerNotFound(id)
		}
		if views[i], err = f.view(f.forest.Root(id), nil); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// only shows those of a page of documents that are roots, as the customers they are.
func (s *Customers) only(ctx context.Context, docs []*customer) ([]domain.Customer, error) {
	if err := s.open(ctx, false, docs...); err != nil {
		return nil, err
	}
	var linked []string
	views := make([]domain.Customer, len(docs))
	for i, doc := range docs {
		var err error
		if views[i], err = readCustomer(doc); err != nil {
			return nil, err
		}
		if views[i].Links.Any() {
			linked = append(linked, views[i].ID)
		}
	}
	if linked == nil {
		return views, nil
	}
	f, err := s.gatherOpen(ctx, linked)
	if err != nil {
		return nil, err
	}
	roots := views[:0]
	for _, record := range views {
		if record.Links.Any() {
			if f.docs[record.ID] == nil || f.forest.Root(record.ID) != record.ID {
				continue
			}
			if record, err = f.view(record.ID, nil); err != nil {
				return nil, err
			}
		}
		roots = append(roots, record)
	}
	return roots, nil
}
