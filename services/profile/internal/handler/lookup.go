package handler

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// LookupCustomer finds the customer whom an identifier names.
func (h *Customers) LookupCustomer(ctx context.Context, r *profilev1.LookupCustomerRequest) (*profilev1.Customer, error) {
	by, field, err := lookedUp(r)
	if err != nil {
		return nil, err
	}
	normal, f := by.Normalize(field)
	if f != nil {
		return nil, f
	}
	c, err := h.app.LookupCustomer(ctx, normal)
	if err != nil {
		return nil, err
	}
	if err := h.app.Guard().RequireIn(ctx, "purpose", r.GetPurpose(), c.ID); err != nil {
		return nil, err
	}
	return h.proto(ctx, &c)
}

// lookedUp is the one identifier that a request names, and the field it is in;
// empty for those that have fields named after their types.
func lookedUp(r *profilev1.LookupCustomerRequest) (domain.Identifier, string, error) {
	var by []domain.Identifier
	for _, short := range []domain.Identifier{
		{Type: domain.Email, Value: r.GetEmail()},
		{Type: domain.Phone, Value: r.GetPhone()},
		{Type: domain.ExternalID, Value: r.GetExternalId()},
	} {
		if short.Namespace = r.GetNamespace(); short.Value != "" {
			by = append(by, short)
		}
	}
	field := ""
	if r.GetIdentifier() != nil {
		given, err := identifier(r.GetIdentifier())
		if err != nil {
			return given, "", aip.Within("identifier", err)
		}
		by, field = append(by, given), "identifier"
	}
	if len(by) == 1 {
		return by[0], field, nil
	}
	f := fault.New(fault.InvalidArgument, "INVALID_FIELD", "exactly one of identifier, email, phone and external_id must be given, %d are", len(by))
	for _, field := range []string{"email", "phone", "external_id", "identifier"} {
		f.Violations = append(f.Violations, fault.Violation{Field: field, Description: "must be given if, and only if, the others are not"})
	}
	return domain.Identifier{}, "", f
}
