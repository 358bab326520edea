package handler

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Shown makes customers as the API shows them: what is sensitive only with consent.
// What may not be shown is taken out of the customers given.
func Shown(guard app.Guard) func(context.Context, ...*domain.Customer) ([]*profilev1.Customer, error) {
	return func(ctx context.Context, customers ...*domain.Customer) ([]*profilev1.Customer, error) {
		if err := guard.Redact(ctx, customers); err != nil {
			return nil, err
		}
		shown := make([]*profilev1.Customer, len(customers))
		for i, c := range customers {
			shown[i] = customerProto(c)
		}
		return shown, nil
	}
}

// proto is a customer as the API shows it.
func (h *Customers) proto(ctx context.Context, c *domain.Customer) (*profilev1.Customer, error) {
	shown, err := Shown(h.app.Guard())(ctx, c)
	if err != nil {
		return nil, err
	}
	return shown[0], nil
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
