package handler

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/rpc/page"
	"github.com/kehuhq/kehu/pkg/updates"

	"github.com/kehuhq/kehu/services/referral/internal/app"
)

// AdvocateUpdates answers the AdvocateUpdateService.
type AdvocateUpdates struct {
	app  *app.Programs
	feed *updates.Feed
}

// NewAdvocateUpdates makes the AdvocateUpdateService.
func NewAdvocateUpdates(a *app.Programs) *AdvocateUpdates { return &AdvocateUpdates{a, a.Updates()} }

// ListUpdatedCustomers returns whose referrals have moved since a cursor.
func (h *AdvocateUpdates) ListUpdatedCustomers(ctx context.Context, r *referralv1.ListUpdatedCustomersRequest) (*referralv1.ListUpdatedCustomersResponse, error) {
	size, err := page.Size(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	told, err := h.feed.Read(ctx, r.GetCursor(), size)
	if err != nil {
		return nil, err
	}
	return &referralv1.ListUpdatedCustomersResponse{
		CustomerIds: told.Customers, NextCursor: told.Next, More: told.More, SyncedTo: timestamppb.New(told.SyncedTo),
	}, nil
}

// BatchGetAdvocates returns whom some customers have brought.
func (h *AdvocateUpdates) BatchGetAdvocates(ctx context.Context, r *referralv1.BatchGetAdvocatesRequest) (*referralv1.BatchGetAdvocatesResponse, error) {
	all, err := h.app.AdvocatesOf(ctx, r.GetCustomerIds())
	if err != nil {
		return nil, err
	}
	return &referralv1.BatchGetAdvocatesResponse{Advocates: each(all, advocateProto)}, nil
}
