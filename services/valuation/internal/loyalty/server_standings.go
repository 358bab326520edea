package loyalty

import (
	"context"
	"strings"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// Named is the id of the policy that a request names, of the only one where it
// names none. Faults: LOYALTY_POLICY_NOT_FOUND, LOYALTY_POLICY_AMBIGUOUS.
func (s *Store) Named(ctx context.Context, name string) (string, error) {
	if name == "" {
		return s.Sole(ctx)
	}
	id, err := policyID("policy", name)
	if err != nil {
		return "", err
	}
	_, err = s.Policy(ctx, id)
	return id, err
}

// GetLoyalty returns how loyal one customer is.
func (s *Server) GetLoyalty(ctx context.Context, r *valuationv1.GetLoyaltyRequest) (*valuationv1.Loyalty, error) {
	customer, err := aip.ParseID("name", r.GetName(), customerPattern)
	if err != nil {
		return nil, err
	}
	policy, err := s.Store.Named(ctx, r.GetPolicy())
	if err != nil {
		return nil, err
	}
	standing, e, err := s.Store.Standing(ctx, policy, s.Customers.Root(ctx, customer))
	if err != nil {
		return nil, err
	}
	return standingProto(policy, e, standing), nil
}

// ListLoyalties lists the customers of the last evaluation of a policy.
func (s *Server) ListLoyalties(ctx context.Context, r *valuationv1.ListLoyaltiesRequest) (*valuationv1.ListLoyaltiesResponse, error) {
	id, err := policyID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Policy(ctx, id); err != nil {
		return nil, err
	}
	what := listing{policy: id, tier: r.GetTier()}
	switch order := strings.Join(strings.Fields(r.GetOrderBy()), " "); {
	case order == "" || order == "score desc":
	case order == "customer_id" && what.tier == "":
		what.byID = true
	default:
		f := fault.Invalid("order_by", `must be "score desc", or without tier "customer_id", is %.64q`, r.GetOrderBy())
		f.Reason = "FIELD_NOT_SORTABLE"
		return nil, f
	}
	token, size, err := page.Of(r)
	if err != nil {
		return nil, err
	}
	list, err := s.Store.list(ctx, what, token, size, s.Clock().Add(-s.Keep))
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ListLoyaltiesResponse{TotalSize: list.Total}
	for _, standing := range list.Standings {
		answer.Loyalties = append(answer.Loyalties, standingProto(id, list.Evaluation, standing))
	}
	if list.Next != nil {
		answer.NextPageToken, err = page.Token{Position: *list.Next, Generation: uint64(list.Evaluation.Number)}.Encode(r)
	}
	return answer, err
}

// ListLoyaltyTierChanges lists the changes of a customer's tier, newest first.
func (s *Server) ListLoyaltyTierChanges(ctx context.Context, r *valuationv1.ListLoyaltyTierChangesRequest) (*valuationv1.ListLoyaltyTierChangesResponse, error) {
	customer, err := aip.ParseID("parent", r.GetParent(), customerPattern)
	if err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	policy, err := s.Store.Named(ctx, r.GetPolicy())
	if err != nil {
		return nil, err
	}
	changes, next, err := s.Store.Changes(ctx, policy, s.Customers.Root(ctx, customer), after, size)
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ListLoyaltyTierChangesResponse{
		TierChanges: each(changes, func(c Change) *valuationv1.LoyaltyTierChange { return changeProto(policy, c) }),
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}
