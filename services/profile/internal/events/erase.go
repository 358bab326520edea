package events

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Subjects are the names under which the vault has the keys of a record's events:
// its own and those of its visitors. To destroy them makes every content
// unreadable; it is to be done before Erase, which forgets who the visitors were.
func (s *Store) Subjects(ctx context.Context, customer string) ([]string, error) {
	subjects := []string{Customer(customer).Subject()}
	links, _, err := s.VisitorsOf(ctx, customer, nil, 0)
	for _, l := range links {
		subjects = append(subjects, Visitor(l.Visitor).Subject())
	}
	return subjects, err
}

// Erase removes the events of a record and of its visitors, and then the visitors'
// links. It may be repeated, and is to be after an error: a link goes when
// nothing is left of its visitor.
func (s *Store) Erase(ctx context.Context, customer string) error {
	if err := s.events.Purge(ctx, docstore.Within(Customer(customer).key())); err != nil {
		return err
	}
	links, _, err := s.VisitorsOf(ctx, customer, nil, 0)
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := s.events.Purge(ctx, docstore.Within(Visitor(l.Visitor).key())); err != nil {
			return err
		}
		err := s.visitors.Delete(ctx, docstore.ID(l.Visitor), l.Version)
		if err != nil && !errors.Is(err, docstore.ErrNotFound) && !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
	return nil
}
