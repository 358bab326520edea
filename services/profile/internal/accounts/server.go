package accounts

import (
	"cmp"
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// Customers is what the room needs of customers.
type Customers interface {
	GetCustomer(context.Context, *profilev1.GetCustomerRequest) (*profilev1.Customer, error)
}

// Family tells which records are one customer, since they were merged: at least
// the one asked for.
type Family interface {
	Members(ctx context.Context, customer string) ([]string, error)
}

// Deps is what the room is given.
type Deps struct {
	Engine    docstore.Engine
	Vault     sealed.Vault
	Customers Customers
	Family    Family
	Clock     func() time.Time
}

// Server is the AccountService. It is safe for concurrent use.
type Server struct {
	profilev1.UnimplementedAccountServiceServer
	store
	customers Customers
	family    Family
	clock     func() time.Time
}

// New opens the room's collections.
func New(ctx context.Context, d Deps) (*Server, error) {
	kept, err := openStore(ctx, d.Engine, d.Vault, d.Clock)
	return &Server{store: kept, customers: d.Customers, family: d.Family, clock: d.Clock}, err
}

// now is in the precision of the store.
func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// contactFields are the fields of a contact that a caller sets.
var contactFields = []string{
	"display_name", "role", "job_title", "department", "concerns", "influence", "attitude", "decides",
	"reports_to", "contact_points", "last_contact_time", "notes",
}

// account refuses a customer that does not exist, or is a person.
func (s *Server) account(ctx context.Context, customer string) error {
	c, err := s.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: aip.Name(customerPattern, customer)})
	if err != nil {
		return err
	}
	switch c.GetKind() {
	case profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE, profilev1.CustomerKind_CUSTOMER_KIND_GOVERNMENT:
		return nil
	}
	return fault.New(fault.FailedPrecondition, "NOT_AN_ACCOUNT",
		"customer %q is no account: set its kind to ENTERPRISE or GOVERNMENT first", customer)
}

// contactIDs reads the ids of a contact's name, and the id of its document.
func contactIDs(field, name string) (customer, id, doc string, err error) {
	err = aip.ParseName(field, name, contactPattern, &customer, &id)
	return customer, id, docstore.ID(customer, id), err
}

// GetContact returns one contact.
func (s *Server) GetContact(ctx context.Context, r *profilev1.GetContactRequest) (*profilev1.Contact, error) {
	_, id, key, err := contactIDs("name", r.GetName())
	if err != nil {
		return nil, err
	}
	doc, err := s.contacts.Get(ctx, key)
	if err != nil {
		return nil, contactNotFound(err, id)
	}
	return s.readContact(ctx, doc)
}

// ListContacts lists the contacts of a customer in the order of their ids.
func (s *Server) ListContacts(ctx context.Context, r *profilev1.ListContactsRequest) (*profilev1.ListContactsResponse, error) {
	var customer string
	if err := aip.ParseName("parent", r.GetParent(), customerPattern, &customer); err != nil {
		return nil, err
	}
	span := docstore.Within(docstore.ID(customer))
	var err error
	if span.After, span.Limit, err = aip.Place(r); err != nil {
		return nil, err
	}
	docs, next, err := s.contacts.Page(ctx, span)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListContactsResponse{Contacts: make([]*profilev1.Contact, len(docs))}
	for i, doc := range docs {
		if answer.Contacts[i], err = s.readContact(ctx, doc); err != nil {
			return nil, err
		}
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// CreateContact creates a contact.
func (s *Server) CreateContact(ctx context.Context, r *profilev1.CreateContactRequest) (*profilev1.Contact, error) {
	var customer string
	if err := aip.ParseName("parent", r.GetParent(), customerPattern, &customer); err != nil {
		return nil, err
	}
	if err := s.account(ctx, customer); err != nil {
		return nil, err
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	id := r.GetContactId()
	if id == "" {
		id = key.NewID("CreateContact " + customer)
	} else if f := ident.Check("contact_id", id); f != nil {
		return nil, f
	}
	doc := &contact{Meta: docstore.Meta{ID: docstore.ID(customer, id)}, Request: key, CreatedAt: s.now()}
	existing, err := s.contacts.Get(ctx, doc.ID)
	if errors.Is(err, docstore.ErrNotFound) {
		if err := s.insert(ctx, doc, r); !errors.Is(err, docstore.ErrConflict) {
			if err != nil {
				return nil, err
			}
			return s.readContact(ctx, doc)
		}
		existing, err = s.contacts.Get(ctx, doc.ID)
	}
	if err != nil {
		return nil, err
	}
	if err := key.Repeats(existing.Request, "contact", aip.Name(contactPattern, customer, id), "CONTACT_EXISTS"); err != nil {
		return nil, err
	}
	return s.readContact(ctx, existing)
}

// insert checks and writes a new contact.
func (s *Server) insert(ctx context.Context, doc *contact, r *profilev1.CreateContactRequest) error {
	ids := docstore.ParseID(doc.ID)
	c := aip.Only(r.GetContact(), contactFields)
	c.Name = aip.Name(contactPattern, ids[0], ids[1])
	others, err := s.everybody(ctx, ids[0])
	if err != nil {
		return err
	}
	if len(others) >= mostContacts {
		return fault.New(fault.ResourceExhausted, "TOO_MANY_CONTACTS", "customer %q has %d contacts, which is the most", ids[0], len(others))
	}
	if err := cmp.Or(s.accept(c), checkReporting(c, others)); err != nil {
		return aip.Within("contact", err)
	}
	if err := s.fillContact(ctx, doc, c); err != nil || r.GetValidateOnly() {
		return err
	}
	return s.contacts.Insert(ctx, doc)
}

// accept reports what is wrong with what a caller set of a contact.
func (s *Server) accept(c *profilev1.Contact) error {
	if err := aip.CheckText(aip.Only(c, contactFields)); err != nil {
		return err
	}
	at, err := aip.Instant("last_contact_time", c.GetLastContactTime())
	if err != nil {
		return err
	}
	if at.After(s.now().Add(time.Hour)) { // clocks differ
		return fault.Invalid("last_contact_time", "must not lie in the future")
	}
	return nil
}

// UpdateContact changes the fields that the mask names.
func (s *Server) UpdateContact(ctx context.Context, r *profilev1.UpdateContactRequest) (*profilev1.Contact, error) {
	customer, _, key, err := contactIDs("contact.name", r.GetContact().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), r.GetContact(), contactFields)
	if err != nil {
		return nil, err
	}
	others, err := s.everybody(ctx, customer)
	if err != nil {
		return nil, err
	}
	c, err := s.changeContact(ctx, key, r.GetValidateOnly(), func(doc *contact, c *profilev1.Contact) (bool, error) {
		if err := etag.Check(r.GetContact().GetEtag(), doc.Version); err != nil {
			return false, err
		}
		before := proto.Clone(c).(*profilev1.Contact)
		aip.Take(c, r.GetContact(), fields)
		if c.GetReportsTo() != before.GetReportsTo() { // one who has left may stay named
			if err := checkReporting(c, others); err != nil {
				return false, err
			}
		}
		return !proto.Equal(before, c), s.accept(c)
	})
	return c, aip.Within("contact", err)
}

// DeleteContact deletes a contact.
func (s *Server) DeleteContact(ctx context.Context, r *profilev1.DeleteContactRequest) (*emptypb.Empty, error) {
	_, id, key, err := contactIDs("name", r.GetName())
	if err != nil {
		return nil, err
	}
	for {
		doc, err := s.contacts.Get(ctx, key)
		if err != nil {
			return nil, contactNotFound(err, id)
		}
		if err := etag.Check(r.GetEtag(), doc.Version); err != nil {
			return nil, err
		}
		err = s.contacts.Delete(ctx, key, doc.Version)
		if errors.Is(err, docstore.ErrConflict) && ctx.Err() == nil {
			continue // changed meanwhile: look at its etag again
		}
		if err != nil {
			return nil, contactNotFound(err, id)
		}
		return &emptypb.Empty{}, nil
	}
}

// Contacted notes that somebody spoke with a contact at a time, unless somebody
// did later. A contact that does not exist is a fault CONTACT_NOT_FOUND.
func (s *Server) Contacted(ctx context.Context, name string, at time.Time) error {
	_, _, key, err := contactIDs("contact", name)
	if err != nil {
		return err
	}
	_, err = s.changeContact(ctx, key, false, func(_ *contact, c *profilev1.Contact) (bool, error) {
		if t := c.GetLastContactTime(); t != nil && !t.AsTime().Before(at) {
			return false, nil
		}
		c.LastContactTime = timestamppb.New(at)
		return true, nil
	})
	return err
}
