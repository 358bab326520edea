package events

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// visitor is the link of a visitor to the customer it turned out to be.
type visitor struct {
	docstore.Meta `bson:",inline"`
	Customer      string    `bson:"customer,omitempty"` // empty once the link was cut
	LinkedAt      time.Time `bson:"linked_at,omitempty"`
	// By is the message id of the event that said so; empty where a caller did.
	By string `bson:"by,omitempty"`
}

const ofCustomer = "customer" // index: customer, visitor, in the order of their escaped ids

func (v *visitor) customerKey() string {
	if v.Customer == "" {
		return ""
	}
	return docstore.ID(v.Customer) + "!" + v.ID
}

// Link says whose a visitor's events are.
type Link struct {
	Visitor  string
	Customer string // empty where they are nobody's yet
	At       time.Time
	By       string // message id of the event that said so; empty where a caller did
	Version  int64  // 0 where there never was a link
}

// MaxVisitors is the most visitors of one customer: each is one more range to be
// read with a timeline.
const MaxVisitors = 256

// Link returns the link of a visitor, one without a customer where there is none.
func (s *Store) Link(ctx context.Context, id string) (Link, error) {
	doc, err := s.visitors.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return Link{Visitor: id}, nil
	}
	if err != nil {
		return Link{}, err
	}
	return doc.link(), nil
}

func (v *visitor) link() Link {
	return Link{Visitor: docstore.ParseID(v.ID)[0], Customer: v.Customer, At: v.LinkedAt, By: v.By, Version: v.Version}
}

// Bind makes a visitor's events a customer's, unless they are one's already: the
// first link stays, whoever uses the device later, and the fault is
// VISITOR_LINKED. Binding anew to the same customer changes nothing. A link that
// was cut can be made again by a caller, not by an event.
func (s *Store) Bind(ctx context.Context, link Link) (Link, error) {
	full, err := s.full(ctx, link.Customer)
	if err != nil {
		return Link{}, err
	}
	made := false
	doc, err := s.visitors.Upsert(ctx, docstore.ID(link.Visitor), func(v *visitor, exists bool) error {
		made = false
		switch {
		case exists && v.Customer == link.Customer:
			return docstore.ErrUnchanged
		case exists && v.Customer != "":
			return refuse("VISITOR_LINKED", "visitor", "visitor %q is linked to another customer already, and the first link stays", link.Visitor)
		case exists && link.By != "":
			return refuse("VISITOR_UNLINKED", "visitor", "the link of visitor %q was cut, and no event makes it again", link.Visitor)
		case full:
			return refuse("VISITORS_TOO_MANY", "visitor", "customer %q has %d visitors already, which is the most", link.Customer, MaxVisitors)
		}
		made = true
		v.Customer, v.LinkedAt, v.By = link.Customer, link.At, link.By
		return nil
	})
	if err != nil {
		return Link{}, err
	}
	if made {
		s.unmarked.add(Customer(link.Customer))
	}
	return doc.link(), nil
}

// refuse is a fault of a state that forbids what was asked for.
func refuse(reason, field, format string, args ...any) *fault.Fault {
	f := fault.Invalid(field, format, args...)
	f.Kind, f.Reason = fault.FailedPrecondition, reason
	return f
}

func (s *Store) full(ctx context.Context, customer string) (bool, error) {
	r := docstore.Within(docstore.ID(customer))
	r.Index = ofCustomer
	n, err := s.visitors.Count(ctx, r)
	return n >= MaxVisitors, err
}

// Cut takes a visitor's events out of the customer's again. check sees the
// version first.
func (s *Store) Cut(ctx context.Context, id string, check func(version int64) error) (Link, error) {
	was := ""
	doc, err := s.visitors.Update(ctx, docstore.ID(id), func(v *visitor) error {
		if err := check(v.Version); err != nil {
			return err
		}
		if v.Customer == "" {
			return docstore.ErrUnchanged
		}
		was = v.Customer
		v.Customer, v.LinkedAt, v.By = "", time.Time{}, ""
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return Link{}, fault.New(fault.NotFound, "VISITOR_NOT_LINKED", "visitor %q is linked to no customer", id)
	}
	if err != nil {
		return Link{}, err
	}
	if was != "" {
		s.unmarked.add(Customer(was))
	}
	return doc.link(), nil
}

// VisitorsOf lists the visitors of a customer's own record in the order of their ids.
func (s *Store) VisitorsOf(ctx context.Context, customer string, after *docstore.Position, size int) ([]Link, *docstore.Position, error) {
	r := docstore.Within(docstore.ID(customer))
	r.Index, r.After, r.Limit = ofCustomer, after, size
	docs, next, err := s.visitors.Page(ctx, r)
	links := make([]Link, len(docs))
	for i, doc := range docs {
		links[i] = doc.link()
	}
	return links, next, err
}

// links yields all links of a range of customers in the order of their escaped
// ids, from is inside and to behind it.
func (s *Store) links(ctx context.Context, from, to string) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		for doc, err := range s.visitors.Scan(ctx, docstore.Range{Index: ofCustomer, From: from, To: to}) {
			var l Link
			if err == nil {
				l = doc.link()
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// senders are all identities whose events are a customer's: its records and
// their visitors. root is the id by which the customer goes.
func (s *Store) senders(ctx context.Context, customer string) (root string, all []Identity, err error) {
	root, members, err := s.families.Members(ctx, customer)
	if err != nil {
		return "", nil, err
	}
	for _, m := range members {
		all = append(all, Customer(m))
	}
	for _, m := range members {
		links, _, err := s.VisitorsOf(ctx, m, nil, 0)
		if err != nil {
			return "", nil, err
		}
		for _, l := range links {
			all = append(all, Visitor(l.Visitor))
		}
	}
	return root, all, nil
}
