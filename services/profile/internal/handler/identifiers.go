package handler

import (
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/emptypb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

const identifierPattern = "customers/{customer}/identifiers/{identifier}"

// Blinder names a value without telling it; *vault.Vault is one.
type Blinder interface {
	BlindIndex(kind, value string) (string, error)
}

// Identifiers is the IdentifierService.
type Identifiers struct {
	profilev1.UnimplementedIdentifierServiceServer
	app   *app.App
	store *store.Customers
	blind Blinder
}

// NewIdentifiers makes the IdentifierService.
func NewIdentifiers(a *app.App, s *store.Customers, b Blinder) *Identifiers {
	return &Identifiers{app: a, store: s, blind: b}
}

// id names an identifier within its customer, and tells nothing of its value.
func (h *Identifiers) id(i domain.Identifier) (string, error) {
	return h.blind.BlindIndex("identifier-name", docstore.ID(string(i.Type), i.Namespace, i.Value))
}

func (h *Identifiers) proto(customer string, i domain.Identifier) (*profilev1.CustomerIdentifier, error) {
	id, err := h.id(i)
	return &profilev1.CustomerIdentifier{
		Name:       aip.Name(identifierPattern, customer, id),
		Identifier: identifierProto(i),
	}, err
}

// ListCustomerIdentifiers lists the identifiers of a customer.
func (h *Identifiers) ListCustomerIdentifiers(ctx context.Context, r *profilev1.ListCustomerIdentifiersRequest) (*profilev1.ListCustomerIdentifiersResponse, error) {
	id, err := customerID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	all, err := h.all(ctx, id)
	if err != nil {
		return nil, err
	}
	if after != nil { // the name that the page before ended with
		at := slices.IndexFunc(all, func(i *profilev1.CustomerIdentifier) bool { return i.GetName() == after.ID })
		all = all[at+1:]
	}
	answer := &profilev1.ListCustomerIdentifiersResponse{Identifiers: all}
	if len(all) > size {
		answer.Identifiers = all[:size]
		answer.NextPageToken, err = aip.NextToken(&docstore.Position{ID: all[size-1].GetName()}, r)
	}
	return answer, err
}

// all are the identifiers of all records of a customer.
func (h *Identifiers) all(ctx context.Context, id string) ([]*profilev1.CustomerIdentifier, error) {
	view, err := h.store.View(ctx, id)
	if err != nil {
		return nil, err
	}
	records, err := h.store.GetMany(ctx, append([]string{view.ID}, view.Merged...))
	if err != nil {
		return nil, err
	}
	var all []*profilev1.CustomerIdentifier
	for _, record := range records {
		if record == nil {
			continue
		}
		for _, i := range record.Identifiers {
			p, err := h.proto(record.ID, i)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// AddCustomerIdentifier gives a customer one more identifier.
func (h *Identifiers) AddCustomerIdentifier(ctx context.Context, r *profilev1.AddCustomerIdentifierRequest) (*profilev1.CustomerIdentifier, error) {
	customer, err := customerID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	given, err := identifier(r.GetIdentifier())
	if err != nil {
		return nil, aip.Within("identifier", err)
	}
	given, f := given.Normalize("identifier")
	if f != nil {
		return nil, f
	}
	_, err = h.app.ChangeCustomer(ctx, customer, app.Change{ValidateOnly: r.GetValidateOnly()}, func(c *domain.Customer) error {
		if !c.Identified(given) {
			c.Identifiers = append(slices.Clip(c.Identifiers), given)
		}
		return nil
	})
	if err != nil {
		return nil, aboutIdentifier(err)
	}
	return h.proto(customer, given)
}

// aboutIdentifier says that a fault about a customer's identifiers is about the one
// of the request.
func aboutIdentifier(err error) error {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) != 1 {
		return err
	}
	moved := *f
	moved.Violations = []fault.Violation{{Field: "identifier", Description: f.Violations[0].Description}}
	return &moved
}

// RemoveCustomerIdentifier takes an identifier away from a customer.
func (h *Identifiers) RemoveCustomerIdentifier(ctx context.Context, r *profilev1.RemoveCustomerIdentifierRequest) (*emptypb.Empty, error) {
	var customer, id string
	if f := aip.ParseName("name", r.GetName(), identifierPattern, &customer, &id); f != nil {
		return nil, f
	}
	_, err := h.app.ChangeCustomer(ctx, customer, app.Change{}, func(c *domain.Customer) error {
		var kept []domain.Identifier
		for _, i := range c.Identifiers {
			name, err := h.id(i)
			if err != nil {
				return err
			}
			if name != id {
				kept = append(kept, i)
			}
		}
		if len(kept) == len(c.Identifiers) {
			return fault.New(fault.NotFound, "IDENTIFIER_NOT_FOUND", "customer %q has no identifier %q", customer, id)
		}
		c.Identifiers = kept
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
