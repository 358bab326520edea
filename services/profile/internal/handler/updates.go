package handler

import (
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/page"
	"github.com/kehuhq/kehu/pkg/updates"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/behavior"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// CustomerUpdates answers the CustomerUpdateService.
type CustomerUpdates struct {
	app       *app.App
	store     *store.Store
	behaviors *behavior.Reader
	feed      *updates.Feed
}

// NewCustomerUpdates makes the CustomerUpdateService.
func NewCustomerUpdates(a *app.App, s *store.Store, b *behavior.Reader, feed *updates.Feed) *CustomerUpdates {
	return &CustomerUpdates{a, s, b, feed}
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
	forest, roots, withheld, err := h.roots(ctx, r.GetCustomerIds(), r.GetPurpose())
	if err != nil {
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
			return &profilev1.BatchGetPurchaseHistoriesResponse{
				Histories: b.message().GetHistories(), RemainingCustomerIds: roots[at:], ExcludedWithoutConsent: withheld,
			}, nil
		}
		b.add(p, &excluded{})
		orders++
	}
	return &profilev1.BatchGetPurchaseHistoriesResponse{Histories: b.message().GetHistories(), ExcludedWithoutConsent: withheld}, nil
}

// roots are the customers to whom records belong and who allow a purpose, each once,
// and how many do not allow it.
func (h *CustomerUpdates) roots(ctx context.Context, records []string, purpose string) (forest *domain.Forest, roots []string, withheld int64, err error) {
	forest, _, err = h.store.Customers.Kin(ctx, records)
	if err != nil {
		return nil, nil, 0, err
	}
	met := make(map[string]bool)
	for _, id := range records {
		if root := forest.Root(id); root != domain.Anonymous && !met[root] {
			met[root], roots = true, append(roots, root)
		}
	}
	allowing, err := h.allowing(ctx, purpose, roots)
	return forest, allowing, int64(len(roots) - len(allowing)), err
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
