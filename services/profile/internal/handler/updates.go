package handler

import (
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/page"
	"github.com/kehuhq/kehu/pkg/updates"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// CustomerUpdates answers the CustomerUpdateService.
type CustomerUpdates struct {
	app   *app.App
	store *store.Store
	feed  *updates.Feed
}

// NewCustomerUpdates makes the CustomerUpdateService.
func NewCustomerUpdates(a *app.App, s *store.Store, feed *updates.Feed) *CustomerUpdates {
	return &CustomerUpdates{a, s, feed}
}

// ListUpdatedCustomers returns whose records have changed since a cursor.
func (h *CustomerUpdates) ListUpdatedCustomers(ctx context.Context, r *profilev1.ListUpdatedCustomersRequest) (*profilev1.ListUpdatedCustomersResponse, error) {
	size, err := page.Size(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	told, err := h.feed.Read(ctx, r.GetCursor(), size)
	if err != nil {
		return nil, err
	}
	return &profilev1.ListUpdatedCustomersResponse{
		CustomerIds: told.Customers, NextCursor: told.Next, More: told.More, SyncedTo: timestamppb.New(told.SyncedTo),
	}, nil
}

// mostHistoryOrders is about how many orders one answer holds: some 2 MiB.
const mostHistoryOrders = 100_000

// BatchGetPurchaseHistories returns the purchase histories of some customers.
func (h *CustomerUpdates) BatchGetPurchaseHistories(ctx context.Context, r *profilev1.BatchGetPurchaseHistoriesRequest) (*profilev1.BatchGetPurchaseHistoriesResponse, error) {
	forest, _, err := h.store.Customers.Kin(ctx, r.GetCustomerIds())
	if err != nil {
		return nil, err
	}
	var roots []string
	met := make(map[string]bool)
	for _, id := range r.GetCustomerIds() {
		if root := forest.Root(id); root != domain.Anonymous && !met[root] {
			met[root], roots = true, append(roots, root)
		}
	}
	if roots, err = h.allowing(ctx, r.GetPurpose(), roots); err != nil {
		return nil, err
	}
	b := newHistoryBatch()
	orders := 0
	for p, err := range h.store.Orders.PurchasesOf(ctx, forest, roots) {
		if err != nil {
			return nil, err
		}
		if p.CustomerKey != b.customer && orders >= mostHistoryOrders {
			at := slices.Index(roots, store.CustomerOf(p.CustomerKey))
			return &profilev1.BatchGetPurchaseHistoriesResponse{Histories: b.message().GetHistories(), RemainingCustomerIds: roots[at:]}, nil
		}
		b.add(p, &excluded{})
		orders++
	}
	return &profilev1.BatchGetPurchaseHistoriesResponse{Histories: b.message().GetHistories()}, nil
}

// allowing are those of some customers who allow the purpose that a request names.
func (h *CustomerUpdates) allowing(ctx context.Context, purpose string, customers []string) ([]string, error) {
	if purpose == "" {
		return customers, nil
	}
	id, err := h.app.Guard().PurposeIn(ctx, "purpose", purpose)
	if err != nil {
		return nil, err
	}
	allowed, err := h.app.Guard().Allowed(ctx, customers, id)
	if err != nil {
		return nil, err
	}
	var left []string
	for i, customer := range customers {
		if allowed[i] {
			left = append(left, customer)
		}
	}
	return left, nil
}
