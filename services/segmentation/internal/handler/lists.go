package handler

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/ident"
)

// AddMembers puts customers on the list that defines a segment.
func (h *Memberships) AddMembers(ctx context.Context, r *segmentationv1.AddMembersRequest) (*segmentationv1.AddMembersResponse, error) {
	results, err := h.relist(ctx, r, h.app.AddMembers)
	if err != nil {
		return nil, err
	}
	return &segmentationv1.AddMembersResponse{Results: results}, nil
}

// RemoveMembers takes customers off the list that defines a segment.
func (h *Memberships) RemoveMembers(ctx context.Context, r *segmentationv1.RemoveMembersRequest) (*segmentationv1.RemoveMembersResponse, error) {
	results, err := h.relist(ctx, r, h.app.RemoveMembers)
	if err != nil {
		return nil, err
	}
	return &segmentationv1.RemoveMembersResponse{Results: results}, nil
}

// relisting is a request that changes a list.
type relisting interface {
	GetName() string
	GetCustomerIds() []string
}

func (h *Memberships) relist(ctx context.Context, r relisting, change func(context.Context, string, []string) ([]string, error)) ([]*apiv1.ItemStatus, error) {
	segment, err := segmentID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	results := make([]*apiv1.ItemStatus, len(r.GetCustomerIds()))
	var good []string
	for i, id := range r.GetCustomerIds() {
		results[i] = &apiv1.ItemStatus{}
		if f := ident.Check("customer_id", id); f != nil {
			results[i] = &apiv1.ItemStatus{Code: int32(codes.InvalidArgument), Reason: f.Reason, Message: f.Message, Field: "customer_id"}
			continue
		}
		good = append(good, id)
	}
	roots := h.customers.Roots(ctx, good)
	unknown, err := change(ctx, segment, roots)
	if err != nil {
		return nil, err
	}
	for i, next := 0, 0; i < len(results); i++ {
		if results[i].GetCode() != 0 {
			continue
		}
		if slices.Contains(unknown, roots[next]) {
			results[i] = &apiv1.ItemStatus{
				Code: int32(codes.NotFound), Reason: "CUSTOMER_UNKNOWN", Field: "customer_id",
				Message: "segmentation knows of no such customer; one that profile was told of only just now is known in a moment",
			}
		}
		next++
	}
	return results, nil
}
