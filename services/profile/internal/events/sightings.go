package events

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/updates"
)

// sighting says by its last change that a customer's events, or visitors, are others
// than before. It holds nothing: what was done is read from the events.
type sighting struct {
	docstore.Meta `bson:",inline"`
}

// mostUnmarked is how many who were seen are remembered at most: some megabytes.
const mostUnmarked = 100_000

// unmarked are those who were seen and of whom no sighting tells yet. Remembering
// them costs taking in events next to nothing; marking does when many came in.
type unmarked struct {
	mu  sync.Mutex
	who map[Identity]struct{}
	// marking is held while sightings are written, and while one is erased.
	marking sync.Mutex
}

// add remembers some, and reports whether they are too many to wait.
func (u *unmarked) add(who ...Identity) (full bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.who == nil {
		u.who = make(map[Identity]struct{})
	}
	for _, one := range who {
		u.who[one] = struct{}{}
	}
	return len(u.who) >= mostUnmarked
}

// take returns all and forgets them, customers before visitors, by their ids.
func (u *unmarked) take() []Identity {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := slices.Collect(maps.Keys(u.who))
	u.who = nil
	slices.SortFunc(all, func(a, b Identity) int { return cmp.Compare(a.key(), b.key()) })
	return all
}

func (u *unmarked) forget(who Identity) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.who, who)
}

// Updates tells whose events or visitors changed, once Recorder.Mark was called.
func (s *Store) Updates() updates.Source {
	return updates.Of("sightings", s.sightings, updates.FirstPart[sighting])
}

// Mark makes Store.Updates tell of the customers of whom events came in since it was
// last called, and of those whose visitors changed. Who was seen in a process that
// ends without it is not told of until they are seen again.
func (r *Recorder) Mark(ctx context.Context) error {
	s := r.store
	s.unmarked.marking.Lock()
	defer s.unmarked.marking.Unlock()
	waiting := s.unmarked.take()
	for n := 0; n < len(waiting); n += partSize {
		part := waiting[n:min(len(waiting), n+partSize)]
		if err := r.mark(ctx, part); err != nil {
			s.unmarked.add(waiting[n:]...)
			return err
		}
	}
	return nil
}

func (r *Recorder) mark(ctx context.Context, seen []Identity) error {
	customers, err := r.store.customersOf(ctx, seen)
	if err != nil {
		return err
	}
	var ops []docstore.Op[sighting]
	for _, id := range customers {
		known, err := r.customers.Known(ctx, id)
		if err != nil {
			return err
		}
		if known { // not deleted or erased meanwhile
			doc := &sighting{docstore.Meta{ID: docstore.ID(id)}}
			ops = append(ops, docstore.Op[sighting]{Doc: doc, Expect: docstore.Any})
		}
	}
	errs, err := r.store.sightings.Write(ctx, ops)
	return cmp.Or(append(errs, err)...)
}

// customersOf are the customers to whom identities belong, each once; a visitor who
// is not linked is nobody yet.
func (s *Store) customersOf(ctx context.Context, all []Identity) ([]string, error) {
	var customers, visitors []string
	for _, one := range all {
		if one.Visitor {
			visitors = append(visitors, docstore.ID(one.ID))
		} else {
			customers = append(customers, one.ID)
		}
	}
	links, err := s.visitors.GetMany(ctx, visitors)
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		if link != nil && link.Customer != "" {
			customers = append(customers, link.Customer)
		}
	}
	slices.Sort(customers)
	return slices.Compact(customers), nil
}

// unmark forgets that a customer was seen.
func (s *Store) unmark(ctx context.Context, customer string) error {
	s.unmarked.marking.Lock()
	defer s.unmarked.marking.Unlock()
	s.unmarked.forget(Customer(customer))
	return s.sightings.Purge(ctx, docstore.Only(docstore.ID(customer)))
}
