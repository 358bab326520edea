// Package accounts is profile's room for customers that are enterprises or public
// bodies: the people there and their parts in deciding, the plan of the account,
// and how well those who decide are known and reached.
//
//	contacts      _id customer!contact  the people, so that those of a customer are one range
//	account_plans _id customer          the plans
//
// All of a contact and of a plan is sealed under the customer's key.
package accounts

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// Patterns of the resource names.
const (
	customerPattern = "customers/{customer}"
	contactPattern  = "customers/{customer}/contacts/{contact}"
	planPattern     = "customers/{customer}/accountPlan"
)

// mostContacts is how many contacts a customer may have: all of them are looked
// at to tell who reports to whom.
const mostContacts = 500

// contact is a contact as it is stored.
type contact struct {
	docstore.Meta `bson:",inline"`
	Content       []byte         `bson:"content,omitempty"` // a Contact
	Request       aip.RequestKey `bson:"request"`
	CreatedAt     time.Time      `bson:"created_at"`
}

// plan is an account plan as it is stored.
type plan struct {
	docstore.Meta `bson:",inline"`
	Content       []byte `bson:"content,omitempty"` // an AccountPlan
}

// store keeps contacts and plans.
type store struct {
	contacts *docstore.Collection[contact]
	plans    *docstore.Collection[plan]
	vault    sealed.Vault
}

func openStore(ctx context.Context, engine docstore.Engine, v sealed.Vault, clock func() time.Time) (store, error) {
	contacts, err := docstore.Open(ctx, engine, docstore.Schema[contact]{Name: "contacts", Changes: true}, docstore.WithClock(clock))
	plans, failed := docstore.Open(ctx, engine, docstore.Schema[plan]{Name: "account_plans", Changes: true}, docstore.WithClock(clock))
	return store{contacts, plans, v}, errors.Join(err, failed)
}

func contactPlace(id string) string { return "contacts!" + id }
func planPlace(id string) string    { return "account_plans!" + id }

// readContact opens a stored contact.
func (s *store) readContact(ctx context.Context, doc *contact) (*profilev1.Contact, error) {
	ids := docstore.ParseID(doc.ID)
	c := &profilev1.Contact{}
	if err := sealed.Open(ctx, s.vault, ids[0], contactPlace(doc.ID), doc.Content, c); err != nil {
		return nil, err
	}
	c.Name = aip.Name(contactPattern, ids[0], ids[1])
	c.CreateTime, c.UpdateTime = timestamppb.New(doc.CreatedAt), aip.Timestamp(doc.UpdatedAt)
	c.Etag = etag.Of(doc.Version)
	return c, nil
}

// fillContact seals a contact into its document.
func (s *store) fillContact(ctx context.Context, doc *contact, c *profilev1.Contact) (err error) {
	doc.Content, err = sealed.Seal(ctx, s.vault, docstore.ParseID(doc.ID)[0], contactPlace(doc.ID), aip.Only(c, contactFields))
	return err
}

func contactNotFound(err error, id string) error {
	if errors.Is(err, docstore.ErrNotFound) {
		return fault.New(fault.NotFound, "CONTACT_NOT_FOUND", "there is no contact %q", id)
	}
	return err
}

// everybody is all contacts of a customer.
func (s *store) everybody(ctx context.Context, customer string) ([]*profilev1.Contact, error) {
	r := docstore.Within(docstore.ID(customer))
	r.Limit = 2 * mostContacts // more than a race may have let in
	var all []*profilev1.Contact
	for doc, err := range s.contacts.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		c, err := s.readContact(ctx, doc)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// changeContact lets edit alter a contact, and writes it if it says so.
func (s *store) changeContact(ctx context.Context, id string, validateOnly bool, edit func(*contact, *profilev1.Contact) (bool, error)) (*profilev1.Contact, error) {
	var edited *profilev1.Contact
	doc, err := s.contacts.Update(ctx, id, func(doc *contact) error {
		c, err := s.readContact(ctx, doc)
		if err != nil {
			return err
		}
		edited = c
		changed, err := edit(doc, c)
		if err != nil {
			return err
		}
		if !changed || validateOnly {
			return docstore.ErrUnchanged
		}
		return s.fillContact(ctx, doc, c)
	})
	if err != nil {
		return nil, contactNotFound(err, docstore.ParseID(id)[1])
	}
	if validateOnly {
		return edited, nil
	}
	return s.readContact(ctx, doc)
}

// readPlan opens a stored plan; an empty one for nil.
func (s *store) readPlan(ctx context.Context, customer string, doc *plan) (*profilev1.AccountPlan, error) {
	p := &profilev1.AccountPlan{}
	if doc != nil {
		if err := sealed.Open(ctx, s.vault, customer, planPlace(doc.ID), doc.Content, p); err != nil {
			return nil, err
		}
		p.UpdateTime, p.Etag = aip.Timestamp(doc.UpdatedAt), etag.Of(doc.Version)
	}
	p.Name = aip.Name(planPattern, customer)
	return p, nil
}

func (s *store) getPlan(ctx context.Context, customer string) (*profilev1.AccountPlan, error) {
	doc, err := s.plans.Get(ctx, docstore.ID(customer))
	if err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return nil, err
	}
	return s.readPlan(ctx, customer, doc)
}

// changePlan lets edit alter a plan, and writes it where that changed it.
func (s *store) changePlan(ctx context.Context, customer string, validateOnly bool, edit func(version int64, p *profilev1.AccountPlan) error) (*profilev1.AccountPlan, error) {
	var edited *profilev1.AccountPlan
	doc, err := s.plans.Upsert(ctx, docstore.ID(customer), func(doc *plan, exists bool) error {
		stored := doc
		if !exists {
			stored = nil
		}
		p, err := s.readPlan(ctx, customer, stored)
		if err != nil {
			return err
		}
		before := proto.Clone(p)
		if err := edit(doc.Version, p); err != nil {
			return err
		}
		if edited = p; validateOnly || proto.Equal(before, p) {
			return docstore.ErrUnchanged
		}
		content := proto.Clone(p).(*profilev1.AccountPlan)
		content.Name, content.Etag, content.UpdateTime = "", "", nil
		doc.Content, err = sealed.Seal(ctx, s.vault, customer, planPlace(doc.ID), content)
		return err
	})
	if err != nil {
		return nil, err
	}
	if validateOnly {
		return edited, nil
	}
	return s.readPlan(ctx, customer, doc)
}

// Any reports whether a customer has contacts or a plan.
func (s *store) Any(ctx context.Context, customer string) (bool, error) {
	planned, err := s.plans.Exist(ctx, []string{docstore.ID(customer)})
	if err != nil || planned[0] {
		return err == nil, err
	}
	r := docstore.Within(docstore.ID(customer))
	r.Limit = 1
	for _, err := range s.contacts.ScanRaw(ctx, r) {
		return err == nil, err
	}
	return false, nil
}

// SweepTombstones removes what is left of records deleted before a time.
func (s *store) SweepTombstones(ctx context.Context, before time.Time) error {
	_, contacts := s.contacts.Sweep(ctx, before)
	_, plans := s.plans.Sweep(ctx, before)
	return errors.Join(contacts, plans)
}
