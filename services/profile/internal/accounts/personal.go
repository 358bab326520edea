package accounts

import (
	"context"
	"errors"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// ContactsOf are the contacts of a customer's own record.
func (s *store) ContactsOf(ctx context.Context, customer string) ([]*profilev1.Contact, error) {
	return s.everybody(ctx, customer)
}

// PlanOf is the account plan of a customer's own record, or none.
func (s *store) PlanOf(ctx context.Context, customer string) ([]*profilev1.AccountPlan, error) {
	doc, err := s.plans.Get(ctx, docstore.ID(customer))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := s.readPlan(ctx, customer, doc)
	return []*profilev1.AccountPlan{p}, err
}

// EraseContacts removes the contacts of a customer, without a trace.
func (s *store) EraseContacts(ctx context.Context, customer string) error {
	return s.contacts.Purge(ctx, docstore.Within(docstore.ID(customer)))
}

// ErasePlan removes the account plan of a customer, without a trace.
func (s *store) ErasePlan(ctx context.Context, customer string) error {
	return s.plans.Purge(ctx, docstore.Only(docstore.ID(customer)))
}
