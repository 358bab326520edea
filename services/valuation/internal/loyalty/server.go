package loyalty

import (
	"context"
	"errors"
	"strings"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/emptypb"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/valuation/internal/base"
)

// EvaluateKind is the kind of the operations of EvaluateLoyaltyPolicy.
const EvaluateKind = "evaluate-loyalty"

// Customers tells by which id a customer goes since records were merged.
type Customers interface {
	Root(ctx context.Context, id string) string
}

// Server answers the LoyaltyService.
type Server struct {
	Store      *Store
	Base       *base.Reader
	Operations *operation.Manager
	Customers  Customers
	Keep       time.Duration // how long a superseded evaluation can be listed
	Clock      func() time.Time
}

var _ valuationv1.LoyaltyServiceServer = (*Server)(nil)

const (
	policyPatternName = "loyaltyPolicies/{policy}"
	customerPattern   = "customers/{customer}/loyalty"
)

// changeable are the fields of a policy that a caller sets.
var changeable = []string{"display_name", "display_name_zh", "components", "tiers", "min_known_components", "automatic"}

func policyID(field, name string) (string, error) {
	id, err := aip.ParseID(field, name, policyPatternName)
	if err == nil && !policyPattern.MatchString(id) {
		err = fault.Invalid(field, "must have the form %s, the id of lower-case letters, digits and '-'", policyPatternName)
	}
	return id, err
}

// within says in which field of the request the policy stands.
func within(field string, err error) error {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) == 0 {
		return err
	}
	moved := *f
	moved.Violations = make([]fault.Violation, len(f.Violations))
	for i, v := range f.Violations {
		path := field + "." + v.Field
		moved.Message = strings.Replace(moved.Message, v.Field+": ", path+": ", 1)
		moved.Violations[i] = fault.Violation{Field: path, Description: v.Description}
	}
	return &moved
}

// proto is a policy with its last evaluation.
func (s *Server) proto(ctx context.Context, p *Policy) (*valuationv1.LoyaltyPolicy, error) {
	r, err := s.Store.book.Get(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	return policyProto(p, followed(r)), nil
}

// GetLoyaltyPolicy returns one policy.
func (s *Server) GetLoyaltyPolicy(ctx context.Context, r *valuationv1.GetLoyaltyPolicyRequest) (*valuationv1.LoyaltyPolicy, error) {
	id, err := policyID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	p, err := s.Store.Policy(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.proto(ctx, p)
}

// ListLoyaltyPolicies lists policies in the order of their ids.
func (s *Server) ListLoyaltyPolicies(ctx context.Context, r *valuationv1.ListLoyaltyPoliciesRequest) (*valuationv1.ListLoyaltyPoliciesResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := s.Store.Policies(ctx, after, size)
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ListLoyaltyPoliciesResponse{}
	for _, p := range found {
		m, err := s.proto(ctx, p)
		if err != nil {
			return nil, err
		}
		answer.LoyaltyPolicies = append(answer.LoyaltyPolicies, m)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// CreateLoyaltyPolicy makes a policy.
func (s *Server) CreateLoyaltyPolicy(ctx context.Context, r *valuationv1.CreateLoyaltyPolicyRequest) (*valuationv1.LoyaltyPolicy, error) {
	if !policyPattern.MatchString(r.GetLoyaltyPolicyId()) {
		return nil, fault.Invalid("loyalty_policy_id", "must be 1 to 63 lower-case letters, digits and '-', and begin with a letter")
	}
	p := content(r.GetLoyaltyPolicyId(), r.GetLoyaltyPolicy())
	if err := p.Normalize(); err != nil {
		return nil, within("loyalty_policy", err)
	}
	var err error
	if p.Request, err = aip.KeyOf(r); err != nil {
		return nil, err
	}
	now := s.Clock().UTC().Truncate(time.Millisecond)
	p.CreateTime, p.UpdateTime = now, now
	stored, err := s.Store.Policy(ctx, p.ID)
	switch {
	case err == nil:
		return s.again(ctx, p, stored)
	case fault.KindOf(err) != fault.NotFound:
		return nil, err
	case r.GetValidateOnly():
		return policyProto(p, nil), nil
	}
	created, err := s.Store.Insert(ctx, p)
	if errors.Is(err, docstore.ErrConflict) {
		if stored, err = s.Store.Policy(ctx, p.ID); err == nil {
			return s.again(ctx, p, stored)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.proto(ctx, created)
}

// again answers a creation of what is there: the same call returns it.
func (s *Server) again(ctx context.Context, p, stored *Policy) (*valuationv1.LoyaltyPolicy, error) {
	switch {
	case p.Request.ID == "" || p.Request.ID != stored.Request.ID:
		return nil, fault.New(fault.AlreadyExists, "LOYALTY_POLICY_EXISTS", "there is a loyalty policy %q already", p.ID)
	case p.Request != stored.Request:
		return nil, fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id: was used with another request; take a new one")
	}
	return s.proto(ctx, stored)
}

// UpdateLoyaltyPolicy changes the fields that the mask names.
func (s *Server) UpdateLoyaltyPolicy(ctx context.Context, r *valuationv1.UpdateLoyaltyPolicyRequest) (*valuationv1.LoyaltyPolicy, error) {
	id, err := policyID("loyalty_policy.name", r.GetLoyaltyPolicy().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), r.GetLoyaltyPolicy(), changeable)
	if err != nil {
		return nil, err
	}
	given := content(id, r.GetLoyaltyPolicy())
	change := func(p *Policy) error {
		if err := etag.Check(r.GetLoyaltyPolicy().GetEtag(), p.Version); err != nil {
			return within("loyalty_policy", err)
		}
		p.take(given, fields)
		if err := p.Normalize(); err != nil {
			return within("loyalty_policy", err)
		}
		p.UpdateTime = s.Clock().UTC().Truncate(time.Millisecond)
		return nil
	}
	if r.GetValidateOnly() {
		p, err := s.Store.Policy(ctx, id)
		if err == nil {
			err = change(p)
		}
		if err != nil {
			return nil, err
		}
		return s.proto(ctx, p)
	}
	p, err := s.Store.Update(ctx, id, change)
	if err != nil {
		return nil, err
	}
	return s.proto(ctx, p)
}

// take takes over fields of another policy.
func (p *Policy) take(from *Policy, fields []string) {
	for _, field := range fields {
		switch field {
		case "display_name":
			p.NameEN = from.NameEN
		case "display_name_zh":
			p.NameZH = from.NameZH
		case "components":
			p.Components = from.Components
		case "tiers":
			p.Tiers = from.Tiers
		case "min_known_components":
			p.MinKnown = from.MinKnown
		case "automatic":
			p.Automatic = from.Automatic
		}
	}
}

// DeleteLoyaltyPolicy deletes a policy with all that was made by it.
func (s *Server) DeleteLoyaltyPolicy(ctx context.Context, r *valuationv1.DeleteLoyaltyPolicyRequest) (*emptypb.Empty, error) {
	id, err := policyID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	p, err := s.Store.Policy(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), p.Version); err != nil {
		return nil, err
	}
	err = s.Store.Delete(ctx, id, p.Version)
	if errors.Is(err, docstore.ErrConflict) {
		return nil, fault.New(fault.Aborted, "ETAG_MISMATCH", "the policy has changed since it was read; read it again and retry")
	}
	return &emptypb.Empty{}, err
}

// EvaluateLoyaltyPolicy starts an evaluation.
func (s *Server) EvaluateLoyaltyPolicy(ctx context.Context, r *valuationv1.EvaluateLoyaltyPolicyRequest) (*longrunningpb.Operation, error) {
	id, err := policyID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Policy(ctx, id); err != nil {
		return nil, err
	}
	if _, err := s.Base.Current(ctx); err != nil {
		return nil, err
	}
	return s.Operations.Start(ctx, EvaluateKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}
