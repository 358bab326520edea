package handler

import (
	"context"
	"fmt"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// GetMembership returns a customer's membership.
func (h *Segments) GetMembership(ctx context.Context, r *segmentationv1.GetMembershipRequest) (*segmentationv1.Membership, error) {
	segment, customer, err := membershipID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	m, err := h.standings.Membership(ctx, segment, h.customers.Root(ctx, customer))
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
	after := ""
	if token.Position.ID != "" {
		after = docstore.ParseID(token.Position.ID)[0]
	}
	found, err := h.standings.Members(ctx, segment, int64(token.Generation), after, size)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ListMembershipsResponse{TotalSize: found.Total}
	for _, m := range found.Members {
		answer.Memberships = append(answer.Memberships, membershipProto(segment, m))
	}
	if found.More {
		last := found.Members[len(found.Members)-1].Customer
		answer.NextPageToken, err = page.Token{Position: docstore.Position{ID: docstore.ID(last)}, Generation: uint64(found.Generation)}.Encode(r)
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
