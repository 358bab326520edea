package handler

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/rpc/page"
	"github.com/kehuhq/kehu/pkg/updates"

	"github.com/kehuhq/kehu/services/feedback/internal/app"
)

// SatisfactionUpdates answers the SatisfactionUpdateService.
type SatisfactionUpdates struct {
	app  *app.App
	feed *updates.Feed
}

// NewSatisfactionUpdates makes the SatisfactionUpdateService.
func NewSatisfactionUpdates(a *app.App, feed *updates.Feed) *SatisfactionUpdates {
	return &SatisfactionUpdates{a, feed}
}

// ListUpdatedCustomers returns who has answered since a cursor.
func (h *SatisfactionUpdates) ListUpdatedCustomers(ctx context.Context, r *feedbackv1.ListUpdatedCustomersRequest) (*feedbackv1.ListUpdatedCustomersResponse, error) {
	size, err := page.Size(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	told, err := h.feed.Read(ctx, r.GetCursor(), size)
	if err != nil {
		return nil, err
	}
	return &feedbackv1.ListUpdatedCustomersResponse{
		CustomerIds: told.Customers, NextCursor: told.Next, More: told.More, SyncedTo: timestamppb.New(told.SyncedTo),
	}, nil
}

// BatchGetSatisfaction returns how satisfied some customers are.
func (h *SatisfactionUpdates) BatchGetSatisfaction(ctx context.Context, r *feedbackv1.BatchGetSatisfactionRequest) (*feedbackv1.BatchGetSatisfactionResponse, error) {
	all, err := h.app.SatisfactionOf(ctx, r.GetCustomerIds())
	if err != nil {
		return nil, err
	}
	answer := &feedbackv1.BatchGetSatisfactionResponse{}
	for _, opinions := range all {
		answer.Customers = append(answer.Customers, satisfactionProtos(opinions)...)
	}
	return answer, nil
}
