package handler

import (
	"context"
	"slices"
	"strings"

	"go.einride.tech/aip/fieldmask"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
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
	fields, err := orderMask(r.GetUpdateMask(), r.GetOrder())
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
		return nil, within("order", err)
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

// orderMask reads an update mask: nothing means the fields that are set, "*" all.
func orderMask(given *fieldmaskpb.FieldMask, o *profilev1.Order) (*fieldmaskpb.FieldMask, error) {
	if len(given.GetPaths()) == 0 {
		set := &fieldmaskpb.FieldMask{}
		o.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if slices.Contains(correctable, string(field.Name())) {
				set.Paths = append(set.Paths, string(field.Name()))
			}
			return true
		})
		return set, nil
	}
	if err := fieldmask.Validate(given, o); err != nil {
		return nil, fault.Invalid("update_mask", "names a field that an order does not have: %v", err)
	}
	if fieldmask.IsFullReplacement(given) {
		return &fieldmaskpb.FieldMask{Paths: correctable}, nil
	}
	for _, path := range given.GetPaths() {
		if top, _, _ := strings.Cut(path, "."); !slices.Contains(correctable, top) {
			return nil, fault.Invalid("update_mask", "must not name %q, which cannot be changed", top)
		}
	}
	return given, nil
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
