package handler

import (
	"context"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/exchange"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Orders answers the OrderService.
type Orders struct {
	app   *app.App
	store *store.Store
	rates *exchange.Rates
}

// NewOrders makes the OrderService.
func NewOrders(a *app.App, s *store.Store, rates *exchange.Rates) *Orders {
	return &Orders{a, s, rates}
}

// GetOrder returns one order.
func (h *Orders) GetOrder(ctx context.Context, r *profilev1.GetOrderRequest) (*profilev1.Order, error) {
	customer, id, err := orderID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	o, err := h.store.Orders.Get(ctx, customer, id)
	if err != nil {
		return nil, err
	}
	return OrderProto(&o), nil
}

// ListOrders lists a customer's orders in the order of their ids.
func (h *Orders) ListOrders(ctx context.Context, r *profilev1.ListOrdersRequest) (*profilev1.ListOrdersResponse, error) {
	customer, err := customerID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, err := h.store.Orders.Page(ctx, customer, after, size)
	if err != nil {
		return nil, err
	}
	if len(found.Items) == 0 && after == nil && customer != domain.Anonymous {
		if _, err := h.store.Customers.Get(ctx, customer); err != nil {
			return nil, err
		}
	}
	if err := h.app.Guard().RequireIn(ctx, "purpose", r.GetPurpose(), customer); err != nil {
		return nil, err
	}
	answer := &profilev1.ListOrdersResponse{Orders: make([]*profilev1.Order, len(found.Items))}
	for i := range found.Items {
		answer.Orders[i] = OrderProto(&found.Items[i])
	}
	answer.NextPageToken, err = aip.NextToken(found.Next, r)
	return answer, err
}

// BatchRecordOrders records orders, each by itself.
func (h *Orders) BatchRecordOrders(ctx context.Context, r *profilev1.BatchRecordOrdersRequest) (*profilev1.BatchRecordOrdersResponse, error) {
	statuses := make([]*apiv1.ItemStatus, len(r.GetOrders()))
	places := make([]int, 0, len(r.GetOrders()))
	orders := make([]domain.Order, 0, len(r.GetOrders()))
	for i, p := range r.GetOrders() {
		o, err := orderFrom(p)
		if f, ok := fault.As(err); ok {
			statuses[i] = itemStatus(f)
			continue
		}
		places, orders = append(places, i), append(orders, o)
	}
	outcomes, err := h.app.RecordOrders(ctx, orders, domain.Source{ValidateOnly: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	for n, i := range places {
		statuses[i] = itemStatus(outcomes[n].Fault)
	}
	return &profilev1.BatchRecordOrdersResponse{Statuses: statuses}, nil
}

// ReturnOrder records that goods of an order came back.
func (h *Orders) ReturnOrder(ctx context.Context, r *profilev1.ReturnOrderRequest) (*profilev1.Order, error) {
	customer, id, err := orderID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	at, f := instant("return.return_time", r.GetReturn().GetReturnTime())
	if f != nil {
		return nil, f
	}
	refund := r.GetReturn().GetRefund()
	o, err := h.app.ReturnOrder(ctx, customer, id, refund.GetCurrencyCode(), domain.Return{
		ID: r.GetReturn().GetReturnId(), Refund: refund.GetMinorUnits(), Time: at, Reason: r.GetReturn().GetReason(),
	})
	if err != nil {
		return nil, err
	}
	return OrderProto(&o), nil
}
