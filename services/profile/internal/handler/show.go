package handler

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// CustomerProto is a customer as other rooms show it: without what is sensitive,
// of which only the CustomerService knows whether it may be shown.
func CustomerProto(c *domain.Customer) *profilev1.Customer {
	plain := *c
	for i := range domain.Fields {
		if f := &domain.Fields[i]; f.Sensitive {
			f.Of(&plain.Details).SetZero()
		}
	}
	return customerProto(&plain)
}

// proto is a customer as the API shows it: what is sensitive only with consent.
func (h *Customers) proto(ctx context.Context, c *domain.Customer) (*profilev1.Customer, error) {
	if err := h.app.Guard().Redact(ctx, []*domain.Customer{c}); err != nil {
		return nil, err
	}
	return customerProto(c), nil
}

// along tells of the customers of a stream, one after the other, whether they allow
// the purpose that a request names; all do where it names none.
func along(ctx context.Context, guard app.Guard, purpose, from string) (allowed func(string) (bool, error), stop func(), err error) {
	if purpose == "" {
		return func(string) (bool, error) { return true, nil }, func() {}, nil
	}
	id, err := guard.PurposeIn(ctx, "purpose", purpose)
	if err != nil {
		return nil, nil, err
	}
	return guard.Along(ctx, id, from)
}

// allowed reports of each customer whether the purpose named in a request is
// allowed; all are where none is named.
func (h *Customers) allowed(ctx context.Context, purpose string, customers ...string) ([]bool, error) {
	if purpose == "" {
		all := make([]bool, len(customers))
		for i := range all {
			all[i] = true
		}
		return all, nil
	}
	id, err := h.app.Guard().PurposeIn(ctx, "purpose", purpose)
	if err != nil {
		return nil, err
	}
	return h.app.Guard().Allowed(ctx, customers, id)
}
