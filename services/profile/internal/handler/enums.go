package handler

import (
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// enum maps the values of a proto enum to those of the domain and back.
type enum[P ~int32, D ~string] struct {
	domain map[P]D
	proto  map[D]P
}

func newEnum[P ~int32, D ~string](values map[P]D) enum[P, D] {
	e := enum[P, D]{domain: values, proto: make(map[D]P, len(values))}
	for p, d := range values {
		e.proto[d] = p
	}
	return e
}

// read is the domain's value; a number the API does not define is a fault.
func (e enum[P, D]) read(field string, p P) (D, *fault.Fault) {
	d, ok := e.domain[p]
	if !ok {
		return d, fault.Invalid(field, "must be one of the values the API defines, is %d", p)
	}
	return d, nil
}

var (
	statuses = newEnum(map[profilev1.OrderStatus]domain.Status{
		profilev1.OrderStatus_ORDER_STATUS_UNSPECIFIED: "",
		profilev1.OrderStatus_ORDER_STATUS_PAID:        domain.Paid,
		profilev1.OrderStatus_ORDER_STATUS_PENDING:     domain.Pending,
		profilev1.OrderStatus_ORDER_STATUS_CANCELLED:   domain.Cancelled,
		profilev1.OrderStatus_ORDER_STATUS_RETURNED:    domain.Returned,
	})
)
