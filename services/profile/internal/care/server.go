package care

import (
	"context"
	"errors"
	"iter"
	"time"

	"google.golang.org/genproto/googleapis/type/date"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sealed"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Customers is what the room needs of one customer.
type Customers interface {
	GetCustomer(context.Context, *profilev1.GetCustomerRequest) (*profilev1.Customer, error)
}

// People is all customers in the order of their escaped ids, the merged ones once.
type People interface {
	All(context.Context, store.Span) iter.Seq2[domain.Customer, error]
}

// Contacts are the people at customers that are enterprises.
type Contacts interface {
	GetContact(context.Context, *profilev1.GetContactRequest) (*profilev1.Contact, error)
	Contacted(ctx context.Context, name string, at time.Time) error
}

// Marketing tells of each customer whether it has consented to marketing.
type Marketing func(ctx context.Context, customers []string) ([]bool, error)

// Deps is what the room is given.
type Deps struct {
	Engine     docstore.Engine
	Vault      sealed.Vault
	Customers  Customers
	People     People
	Contacts   Contacts
	Marketing  Marketing
	Operations *operation.Manager // not serving yet
	Clock      func() time.Time
}

// Server is the CareService. It is safe for concurrent use.
type Server struct {
	profilev1.UnimplementedCareServiceServer
	docs       *docstore.Collection[task]
	plans      *docstore.Collection[plan]
	policies   *docstore.Collection[policyDoc]
	vault      sealed.Vault
	customers  Customers
	people     People
	contacts   Contacts
	allowed    Marketing
	operations *operation.Manager
	clock      func() time.Time
}

// New opens the room's collections and registers its operation.
func New(ctx context.Context, d Deps) (*Server, error) {
	s := &Server{
		vault: d.Vault, customers: d.Customers, people: d.People, contacts: d.Contacts, allowed: d.Marketing,
		operations: d.Operations, clock: d.Clock,
	}
	var errs [4]error
	s.docs, errs[0] = docstore.Open(ctx, d.Engine, taskSchema(), docstore.WithClock(d.Clock))
	s.plans, errs[1] = docstore.Open(ctx, d.Engine, planSchema(), docstore.WithClock(d.Clock))
	s.policies, errs[2] = docstore.Open(ctx, d.Engine, docstore.Schema[policyDoc]{Name: "care_policy"}, docstore.WithClock(d.Clock))
	errs[3] = operation.Register(d.Operations, planningKind, operation.Kind[*profilev1.PlanCareTasksRequest, progress]{Run: s.plan})
	return s, errors.Join(errs[:]...)
}

// now is in the precision of the store.
func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// customer reads the customer of a name, who must exist.
func (s *Server) customer(ctx context.Context, field, name, pattern string) (id string, err error) {
	if err := aip.ParseName(field, name, pattern, &id); err != nil {
		return "", err
	}
	_, err = s.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: aip.Name(customerPattern, id)})
	return id, err
}

// consented refuses marketing to a customer who has not consented to it.
func (s *Server) consented(ctx context.Context, customer string) error {
	allowed, err := s.allowed(ctx, []string{customer})
	if err != nil {
		return err
	}
	if !allowed[0] {
		return fault.New(fault.FailedPrecondition, "CONSENT_MISSING",
			"customer %q has not consented to marketing: record the consent first, or plan a contact that is no marketing", customer)
	}
	return nil
}

// dayOr is a date at 0 h UTC, or another day where it is not set.
func dayOr(field string, d *date.Date, or time.Time) (time.Time, error) {
	day, err := aip.Day(field, d)
	if err != nil || day == "" {
		return or, err
	}
	return time.Parse(time.DateOnly, day)
}

// Any reports whether a customer has a plan or contacts.
func (s *Server) Any(ctx context.Context, customer string) (bool, error) {
	looked, err := s.plans.Exist(ctx, []string{docstore.ID(customer)})
	if err != nil || looked[0] {
		return err == nil, err
	}
	r := docstore.Within(docstore.ID(customer))
	r.Limit = 1
	for _, err := range s.docs.ScanRaw(ctx, r) {
		return err == nil, err
	}
	return false, nil
}

// SweepTombstones removes what is left of records deleted before a time.
func (s *Server) SweepTombstones(ctx context.Context, before time.Time) error {
	_, tasks := s.docs.Sweep(ctx, before)
	_, plans := s.plans.Sweep(ctx, before)
	return errors.Join(tasks, plans)
}
