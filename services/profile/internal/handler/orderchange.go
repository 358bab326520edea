package handler

import (
	"context"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// correctable lists the fields of an order that an update can change.
var correctable = []string{"order_time", "amount", "discount", "cost", "channel", "payment_method", "status", "items"}

// UpdateOrder corrects the fields that the mask names.
func (h *Orders) UpdateOrder(ctx context.Context, r *profilev1.UpdateOrderRequest) (*profilev1.Order, error) {
	customer, id, err := orderID("order.name", r.GetOrder().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := aip.Paths(r.GetUpdateMask(), r.GetOrder(), correctable)
	if err != nil {
		return nil, err
	}
	corrected, err := h.app.CorrectOrder(ctx, customer, id, r.GetValidateOnly(), func(o *domain.Order) (domain.Order, error) {
		if err := etag.Check(r.GetOrder().GetEtag(), o.Version); err != nil {
			return domain.Order{}, err
		}
		return withFields(o, fields, r.GetOrder())
	})
	if err != nil {
		return nil, aip.Within("order", err)
	}
	return OrderProto(&corrected), nil
}

// CancelOrder cancels an order.
func (h *Orders) CancelOrder(ctx context.Context, r *profilev1.CancelOrderRequest) (*profilev1.Order, error) {
	customer, id, err := orderID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	cancelled, err := h.app.CancelOrder(ctx, customer, id, func(version int64) error { return etag.Check(r.GetEtag(), version) })
	if err != nil {
		return nil, err
	}
	return OrderProto(&cancelled), nil
}

// withFields is an order as it is with some of its fields from another.
func withFields(o *domain.Order, fields *fieldmaskpb.FieldMask, from *profilev1.Order) (domain.Order, error) {
	current := OrderProto(o)
	current.Status = statuses.proto[o.Status] // as recorded, whatever its returns have made of it
	if len(fields.GetPaths()) > 0 {
		fieldmask.Update(fields, current, proto.Clone(from))
	}
	return orderFrom(current)
}
