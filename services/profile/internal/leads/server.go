package leads

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

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
	CreateCustomer(context.Context, *profilev1.CreateCustomerRequest) (*profilev1.Customer, error)
}

// Orders is what the room needs of orders.
type Orders interface {
	GetOrder(context.Context, *profilev1.GetOrderRequest) (*profilev1.Order, error)
}

// Deps is what the room is given.
type Deps struct {
	Engine    docstore.Engine
	Vault     sealed.Vault
	Customers Customers
	Orders    Orders
	Clock     func() time.Time
}

// Server is the LeadService. It is safe for concurrent use.
type Server struct {
	profilev1.UnimplementedLeadServiceServer
	store
	odds      odds
	customers Customers
	orders    Orders
	clock     func() time.Time
}

// New opens the room's collections.
func New(ctx context.Context, d Deps) (*Server, error) {
	s := &Server{customers: d.Customers, orders: d.Orders, clock: d.Clock, store: store{vault: d.Vault}}
	var errs [2]error
	s.docs, errs[0] = docstore.Open(ctx, d.Engine, schema(), docstore.WithClock(d.Clock))
	s.odds = odds{leads: s.docs, now: s.now}
	s.odds.policies, errs[1] = docstore.Open(ctx, d.Engine, docstore.Schema[policyDoc]{Name: "lead_policy"}, docstore.WithClock(d.Clock))
	return s, errors.Join(errs[:]...)
}

// now is in the precision of the store.
func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

func leadID(field, name string) (id string, err error) {
	return id, aip.ParseName(field, name, leadPattern, &id)
}

// show adds to a lead what is not stored but worked out.
func (s *Server) show(ctx context.Context, l *profilev1.Lead) (*profilev1.Lead, error) {
	l.SalesModeAdvice = modeAdvice[l.GetSalesMode()]
	l.FactorStanding = standing(l.GetBuyingFactors())
	if l.GetAssessment() != nil {
		assess(l.Assessment)
	}
	l.Probability = nil
	if l.GetState() == profilev1.LeadState_LEAD_STATE_OPEN {
		c, err := s.odds.chances(ctx)
		if err != nil {
			return nil, err
		}
		l.Probability = c.of(l.GetStage())
	}
	return l, nil
}

func (s *Server) shown(ctx context.Context) func(*profilev1.Lead, error) (*profilev1.Lead, error) {
	return func(l *profilev1.Lead, err error) (*profilev1.Lead, error) {
		if err != nil {
			return nil, err
		}
		return s.show(ctx, l)
	}
}

// GetLead returns one lead.
func (s *Server) GetLead(ctx context.Context, r *profilev1.GetLeadRequest) (*profilev1.Lead, error) {
	id, err := leadID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return s.shown(ctx)(s.get(ctx, id))
}

// CreateLead creates a lead at its first stage.
func (s *Server) CreateLead(ctx context.Context, r *profilev1.CreateLeadRequest) (*profilev1.Lead, error) {
	l := aip.Only(r.GetLead(), changeable)
	if err := s.accept(ctx, l); err != nil {
		return nil, aip.Within("lead", err)
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	id := r.GetLeadId()
	if id == "" {
		id = key.NewID("CreateLead")
	} else if f := ident.Check("lead_id", id); f != nil {
		return nil, f
	}
	author := r.GetAuthor()
	if author == "" {
		author = l.GetOwner()
	}
	now := s.now()
	begin(l, author, now)
	doc := &record{Meta: docstore.Meta{ID: docstore.ID(id)}, Request: key, CreatedAt: now}
	if err := s.insert(ctx, doc, l, r.GetValidateOnly()); err != nil {
		return nil, err
	}
	return s.shown(ctx)(open(ctx, s.vault, doc))
}

// insert writes a new lead. Where the same request made one before, doc becomes that.
func (s *Server) insert(ctx context.Context, doc *record, l *profilev1.Lead, validateOnly bool) error {
	existing, err := s.docs.Get(ctx, doc.ID)
	if errors.Is(err, docstore.ErrNotFound) {
		if err = fill(ctx, s.vault, doc, l); err != nil || validateOnly {
			return err
		}
		if err = s.docs.Insert(ctx, doc); !errors.Is(err, docstore.ErrConflict) {
			return err
		}
		existing, err = s.docs.Get(ctx, doc.ID)
	}
	if err != nil {
		return err
	}
	key := doc.Request
	*doc = *existing
	return key.Repeats(existing.Request, "lead", aip.Name(leadPattern, docstore.ParseID(doc.ID)[0]), "LEAD_EXISTS")
}

// accept reports what is wrong with what a caller set of a lead. Its customer must exist.
func (s *Server) accept(ctx context.Context, l *profilev1.Lead) error {
	if err := check(l); err != nil {
		return err
	}
	if l.GetCustomer() == "" {
		return nil
	}
	var customer string
	if err := aip.ParseName("customer", l.GetCustomer(), customerPattern, &customer); err != nil {
		return err
	}
	_, err := s.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: l.GetCustomer()})
	return err
}

// UpdateLead changes the fields that the mask names.
func (s *Server) UpdateLead(ctx context.Context, r *profilev1.UpdateLeadRequest) (*profilev1.Lead, error) {
	id, err := leadID("lead.name", r.GetLead().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), r.GetLead(), changeable)
	if err != nil {
		return nil, err
	}
	l, err := s.change(ctx, id, r.GetValidateOnly(), func(doc *record, l *profilev1.Lead) (bool, error) {
		if err := etag.Check(r.GetLead().GetEtag(), doc.Version); err != nil {
			return false, err
		}
		before := proto.Clone(l).(*profilev1.Lead)
		aip.Take(l, r.GetLead(), fields)
		if doc.converted() && l.GetCustomer() != before.GetCustomer() {
			return false, errConverted(before.GetCustomer())
		}
		return !proto.Equal(before, l), s.accept(ctx, l)
	})
	return s.shown(ctx)(l, aip.Within("lead", err))
}

func errConverted(customer string) error {
	return fault.New(fault.FailedPrecondition, "LEAD_CONVERTED", "the lead has become %s: its customer no longer changes", customer).
		With("customer", customer)
}

// DeleteLead deletes a lead.
func (s *Server) DeleteLead(ctx context.Context, r *profilev1.DeleteLeadRequest) (*emptypb.Empty, error) {
	id, err := leadID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	for {
		doc, err := s.docs.Get(ctx, docstore.ID(id))
		if err != nil {
			return nil, found(err, id)
		}
		if err := etag.Check(r.GetEtag(), doc.Version); err != nil {
			return nil, err
		}
		err = s.docs.Delete(ctx, doc.ID, doc.Version)
		if errors.Is(err, docstore.ErrConflict) && ctx.Err() == nil {
			continue // changed meanwhile: look at its etag again
		}
		s.odds.forget()
		return &emptypb.Empty{}, found(err, id)
	}
}

// AdvanceLead moves a lead to another stage.
func (s *Server) AdvanceLead(ctx context.Context, r *profilev1.AdvanceLeadRequest) (*profilev1.Lead, error) {
	return s.step(ctx, r, func(l *profilev1.Lead) (bool, error) {
		return advance(l, r.GetStage(), r.GetReason(), r.GetAuthor(), s.now())
	})
}

// CloseLead ends a lead as won or lost.
func (s *Server) CloseLead(ctx context.Context, r *profilev1.CloseLeadRequest) (*profilev1.Lead, error) {
	defer s.odds.forget()
	return s.step(ctx, r, func(l *profilev1.Lead) (bool, error) { return closeLead(l, r, s.now()) })
}

// step takes a lead one step on, at the version asked for.
func (s *Server) step(ctx context.Context, r interface {
	proto.Message
	GetName() string
	GetEtag() string
}, take func(*profilev1.Lead) (bool, error)) (*profilev1.Lead, error) {
	id, err := leadID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if err := aip.CheckText(r); err != nil {
		return nil, err
	}
	return s.shown(ctx)(s.change(ctx, id, false, func(doc *record, l *profilev1.Lead) (bool, error) {
		if err := etag.Check(r.GetEtag(), doc.Version); err != nil {
			return false, err
		}
		return take(l)
	}))
}

// GetLeadPolicy returns the policy in force.
func (s *Server) GetLeadPolicy(ctx context.Context, _ *profilev1.GetLeadPolicyRequest) (*profilev1.LeadPolicy, error) {
	return s.odds.policy(ctx)
}

// UpdateLeadPolicy replaces the policy.
func (s *Server) UpdateLeadPolicy(ctx context.Context, r *profilev1.UpdateLeadPolicyRequest) (*profilev1.LeadPolicy, error) {
	p, err := s.odds.setPolicy(ctx, r.GetLeadPolicy(), r.GetValidateOnly())
	return p, aip.Within("lead_policy", err)
}
