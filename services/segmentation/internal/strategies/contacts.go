package strategies

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// contactsDoc is what counts towards the caps of one customer. That an event is in it
// is what decides that it may be delivered: one write, checked against the version.
type contactsDoc struct {
	docstore.Meta `bson:",inline"`
	Contacts      []contact `bson:"contacts"`
}

// contact is an event that is delivered, or will be.
type contact struct {
	Event    string    `bson:"event"`
	Strategy string    `bson:"strategy"`
	Action   string    `bson:"action"`
	Time     time.Time `bson:"time"`
}

// limits are the caps that an action is under.
type limits struct{ all, strategy, action []Cap }

// reached is the cap that would be exceeded by one more contact at an instant, and
// what it is a cap of; nil for none.
func (l limits) reached(contacts []contact, strategy, action string, at time.Time) (*Cap, string) {
	exceeded := func(caps []Cap, counts func(contact) bool) *Cap {
		for i, c := range caps {
			since, n := c.Since(at), int32(0)
			for _, made := range contacts {
				// One whose time is after at was counted by a clock ahead of this one.
				if !made.Time.Before(since) && counts(made) {
					n++
				}
			}
			if n >= c.Max {
				return &caps[i]
			}
		}
		return nil
	}
	if c := exceeded(l.action, func(m contact) bool { return m.Strategy == strategy && m.Action == action }); c != nil {
		return c, "the action"
	}
	if c := exceeded(l.strategy, func(m contact) bool { return m.Strategy == strategy }); c != nil {
		return c, "the strategy"
	}
	if c := exceeded(l.all, func(contact) bool { return true }); c != nil {
		return c, "all actions"
	}
	return nil, ""
}

// take counts an event as a contact of its customer, or tells the cap that forbids
// it. An event that counts already since a step that broke off may be delivered, at
// the time of then; where that is long ago, it counts anew.
func (s *Store) take(ctx context.Context, e *Event, l limits, at time.Time) (when time.Time, by *Cap, of string, err error) {
	_, err = s.contacts.Upsert(ctx, docstore.ID(e.Move.Customer), func(d *contactsDoc, _ bool) error {
		when, by, of = at, nil, ""
		i := slices.IndexFunc(d.Contacts, func(c contact) bool { return c.Event == e.ID })
		if i >= 0 && at.Sub(d.Contacts[i].Time) < 2*leaseTime {
			when = d.Contacts[i].Time
			return docstore.ErrUnchanged
		}
		if i >= 0 { // so long ago that nobody can be at it any more: it is delivered now, or not
			d.Contacts = slices.Delete(d.Contacts, i, i+1)
		}
		if by, of = l.reached(d.Contacts, e.Strategy, e.Action, at); by != nil {
			if i >= 0 {
				return nil
			}
			return docstore.ErrUnchanged
		}
		d.Contacts = slices.DeleteFunc(d.Contacts, func(c contact) bool { return c.Time.Before(at.Add(-longestWindow)) })
		d.Contacts = append(d.Contacts, contact{e.ID, e.Strategy, e.Action, at})
		return nil
	})
	return when, by, of, err
}

// contactsOf are what counts for a customer.
func (s *Store) contactsOf(ctx context.Context, customer string) ([]contact, error) {
	doc, err := s.contacts.Get(ctx, docstore.ID(customer))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return doc.Contacts, nil
}
