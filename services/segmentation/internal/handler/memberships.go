package handler

import (
	"context"
	"fmt"
	"github.com/kehuhq/kehu/pkg/ident"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// GetMembership returns a customer's membership.
func (h *Segments) GetMembership(ctx context.Context, r *segmentationv1.GetMembershipRequest) (*segmentationv1.Membership, error) {
	segment, customer, err := membershipID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	m, err := h.app.Membership(ctx, segment, h.customers.Root(ctx, customer))
	if err != nil {
		return nil, err
	}
	return membershipProto(segment, m), nil
}

// ListMemberships lists the members of one pass.
func (h *Segments) ListMemberships(ctx context.Context, r *segmentationv1.ListMembershipsRequest) (*segmentationv1.ListMembershipsResponse, error) {
	segment, err := segmentID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	token, size, err := page.Of(r)
	if err != nil {
		return nil, err
	}
	found, err := h.app.Members(ctx, segment, token, size)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ListMembershipsResponse{TotalSize: found.Total}
	for _, m := range found.Members {
		answer.Memberships = append(answer.Memberships, membershipProto(segment, m))
	}
	if found.Next != nil {
		answer.NextPageToken, err = page.Token{Position: *found.Next, Generation: uint64(found.Generation)}.Encode(r)
	}
	return answer, err
}

// BatchGetMemberships tells for many customers which segments they are in.
func (h *Segments) BatchGetMemberships(ctx context.Context, r *segmentationv1.BatchGetMembershipsRequest) (*segmentationv1.BatchGetMembershipsResponse, error) {
	for i, id := range r.GetCustomerIds() {
		if f := ident.Check(fmt.Sprintf("customer_ids[%d]", i), id); f != nil {
			return nil, f
		}
	}
	segments, err := h.app.SegmentsOf(ctx, h.customers.Roots(ctx, r.GetCustomerIds()))
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.BatchGetMembershipsResponse{}
	for i, id := range r.GetCustomerIds() {
		answer.Customers = append(answer.Customers, &segmentationv1.CustomerMemberships{CustomerId: id, SegmentIds: segments[i]})
	}
	return answer, nil
}

// ListTransitions lists who entered and left, newest pass first.
func (h *Segments) ListTransitions(ctx context.Context, r *segmentationv1.ListTransitionsRequest) (*segmentationv1.ListTransitionsResponse, error) {
	segment, err := segmentID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := h.app.Transitions(ctx, segment, after, size)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ListTransitionsResponse{}
	for _, t := range found {
		answer.Transitions = append(answer.Transitions, transitionProto(segment, t))
	}
	answer.NextPageToken, err = nextToken(next, r)
	return answer, err
}
