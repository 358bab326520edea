package events

import (
	"context"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// Subjects are the names under which the vault has the keys of the events of a
// record's visitors; those of its own events are sealed under the customer's. To
// destroy them is to be done before Erase, which forgets who the visitors were.
func (s *Store) Subjects(ctx context.Context, customer string) ([]string, error) {
	var subjects []string
	links, _, err := s.VisitorsOf(ctx, customer, nil, 0)
	for _, l := range links {
		subjects = append(subjects, Visitor(l.Visitor).Subject())
	}
	return subjects, err
}

// Erase removes the events of a record and of its visitors, and then the visitors'
// links. It may be repeated, and is to be after an error: a link goes when
// nothing is left of its visitor, and with it that the customer was seen.
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
		if err := s.visitors.Purge(ctx, docstore.Only(docstore.ID(l.Visitor))); err != nil {
			return err
		}
	}
	return s.unmark(ctx, customer)
}

// shownTogether is how many events are opened at a time.
const shownTogether = 1000

// Of yields the events of a customer's own record and of its visitors, sender by
// sender.
func (s *Store) Of(ctx context.Context, customer string) iter.Seq2[*profilev1.Event, error] {
	return func(yield func(*profilev1.Event, error) bool) {
		links, _, err := s.VisitorsOf(ctx, customer, nil, 0)
		if err != nil {
			yield(nil, err)
			return
		}
		senders := []Identity{Customer(customer)}
		for _, l := range links {
			senders = append(senders, Visitor(l.Visitor))
		}
		for _, sender := range senders {
			if !s.show(ctx, sender, yield) {
				return
			}
		}
	}
}

// show yields the events of a sender, and reports whether there may be more.
func (s *Store) show(ctx context.Context, sender Identity, yield func(*profilev1.Event, error) bool) bool {
	var some []*Event
	flush := func() bool {
		contents, err := Contents(ctx, some)
		if err != nil {
			yield(nil, err)
			return false
		}
		for i, e := range some {
			if p, err := eventProto(e, contents[i]); !yield(p, err) || err != nil {
				return false
			}
		}
		some = some[:0]
		return true
	}
	for e, err := range s.Timeline(ctx, []Identity{sender}, Query{Content: true}) {
		if err != nil {
			yield(nil, err)
			return false
		}
		if some = append(some, e); len(some) == shownTogether && !flush() {
			return false
		}
	}
	return flush()
}

// LinkedTo yields the visitors of a customer's own record.
func (s *Store) LinkedTo(ctx context.Context, customer string) ([]*profilev1.Visitor, error) {
	links, _, err := s.VisitorsOf(ctx, customer, nil, 0)
	all := make([]*profilev1.Visitor, len(links))
	for i, l := range links {
		all[i] = visitorProto(l)
	}
	return all, err
}
