package handler

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Customers answers the CustomerService.
type Customers struct {
	app   *app.App
	store *store.Customers
}

// NewCustomers makes the CustomerService.
func NewCustomers(a *app.App, s *store.Customers) *Customers { return &Customers{a, s} }

// GetCustomer returns one customer.
func (h *Customers) GetCustomer(ctx context.Context, r *profilev1.GetCustomerRequest) (*profilev1.Customer, error) {
	id, err := customerID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	c, err := h.store.View(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := h.app.Guard().RequireIn(ctx, "purpose", r.GetPurpose(), id); err != nil {
		return nil, err
	}
	return h.proto(ctx, &c)
}

// BatchGetCustomers returns those of many customers that exist.
func (h *Customers) BatchGetCustomers(ctx context.Context, r *profilev1.BatchGetCustomersRequest) (*profilev1.BatchGetCustomersResponse, error) {
	ids := make([]string, len(r.GetNames()))
	for i, name := range r.GetNames() {
		var err error
		if ids[i], err = customerID(fmt.Sprintf("names[%d]", i), name); err != nil {
			return nil, err
		}
	}
	found, err := h.store.Views(ctx, ids)
	if err != nil {
		return nil, err
	}
	allowed, err := h.allowed(ctx, r.GetPurpose(), ids...)
	if err != nil {
		return nil, err
	}
	if err := h.app.Guard().Redact(ctx, found); err != nil {
		return nil, err
	}
	answer := &profilev1.BatchGetCustomersResponse{}
	for i, c := range found {
		switch {
		case c == nil:
			answer.Missing = append(answer.Missing, r.GetNames()[i])
		case !allowed[i]:
			answer.Withheld = append(answer.Withheld, r.GetNames()[i])
		default:
			answer.Customers = append(answer.Customers, customerProto(c))
		}
	}
	return answer, nil
}

// ListCustomers lists customers in the order of their ids.
func (h *Customers) ListCustomers(ctx context.Context, r *profilev1.ListCustomersRequest) (*profilev1.ListCustomersResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, err := h.store.Page(ctx, after, size)
	if err != nil {
		return nil, err
	}
	ids, customers := make([]string, len(found.Items)), make([]*domain.Customer, len(found.Items))
	for i := range found.Items {
		ids[i], customers[i] = found.Items[i].ID, &found.Items[i]
	}
	allowed, err := h.allowed(ctx, r.GetPurpose(), ids...)
	if err != nil {
		return nil, err
	}
	if err := h.app.Guard().Redact(ctx, customers); err != nil {
		return nil, err
	}
	answer := &profilev1.ListCustomersResponse{}
	for i, c := range customers {
		if allowed[i] {
			answer.Customers = append(answer.Customers, customerProto(c))
		} else {
			answer.ExcludedWithoutConsent++
		}
	}
	answer.NextPageToken, err = aip.NextToken(found.Next, r)
	return answer, err
}

// CreateCustomer creates a customer.
func (h *Customers) CreateCustomer(ctx context.Context, r *profilev1.CreateCustomerRequest) (*profilev1.Customer, error) {
	c, err := customerContent(r.GetCustomer())
	if err != nil {
		return nil, aip.Within("customer", err)
	}
	if c.ID = r.GetCustomerId(); c.ID != "" {
		if f := ident.Check("customer_id", c.ID); f != nil {
			return nil, f
		}
	}
	if c.Request, err = requestKey(r); err != nil {
		return nil, err
	}
	created, err := h.app.CreateCustomer(ctx, c, r.GetValidateOnly())
	if err != nil {
		return nil, aip.Within("customer", err)
	}
	return h.shown(ctx, created)
}

// requestKey recognises the same request with the same content.
func requestKey(r *profilev1.CreateCustomerRequest) (domain.RequestKey, error) {
	content := proto.Clone(r).(*profilev1.CreateCustomerRequest)
	content.Customer.Name = "" // is ignored
	key, err := aip.KeyOf(content)
	return domain.RequestKey(key), err
}

// UpdateCustomer changes the fields that the mask names.
func (h *Customers) UpdateCustomer(ctx context.Context, r *profilev1.UpdateCustomerRequest) (*profilev1.Customer, error) {
	id, err := customerID("customer.name", r.GetCustomer().GetName())
	if err != nil {
		return nil, err
	}
	mask, err := customerMask(r.GetUpdateMask(), r.GetCustomer())
	if err != nil {
		return nil, err
	}
	how := app.Change{AllowMissing: r.GetAllowMissing(), ValidateOnly: r.GetValidateOnly()}
	changed, err := h.app.ChangeCustomer(ctx, id, how, func(c *domain.Customer) error {
		view, err := h.store.Around(ctx, *c)
		if err != nil {
			return err
		}
		if err := etag.Check(r.GetCustomer().GetEtag(), view.Version); err != nil {
			return err
		}
		own := c.Identifiers
		if err := mask.apply(c, r.GetCustomer()); err != nil {
			return err
		}
		if len(view.Merged) > 0 {
			c.Identifiers = view.Without(c.Identifiers, own)
		}
		return nil
	})
	if err != nil {
		return nil, aip.Within("customer", err)
	}
	return h.shown(ctx, changed)
}

// shown is the customer to whom a record belongs, with that record as given.
func (h *Customers) shown(ctx context.Context, record domain.Customer) (*profilev1.Customer, error) {
	view, err := h.store.Around(ctx, record)
	if err != nil {
		return nil, err
	}
	return h.proto(ctx, &view)
}

// DeleteCustomer deletes a customer without orders.
func (h *Customers) DeleteCustomer(ctx context.Context, r *profilev1.DeleteCustomerRequest) (*emptypb.Empty, error) {
	id, err := customerID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	err = h.app.DeleteCustomer(ctx, id, func(version int64) error { return etag.Check(r.GetEtag(), version) })
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// BatchUpsertCustomers creates or replaces customers, each by itself.
func (h *Customers) BatchUpsertCustomers(ctx context.Context, r *profilev1.BatchUpsertCustomersRequest) (*profilev1.BatchUpsertCustomersResponse, error) {
	statuses := make([]*apiv1.ItemStatus, len(r.GetCustomers()))
	var places []int
	var customers []domain.Customer
	for i, p := range r.GetCustomers() {
		c, err := customerContent(p)
		if err == nil {
			c.ID, err = customerID("name", p.GetName())
		}
		if err == nil {
			c.Version, err = expectedVersion(p.GetEtag())
		}
		if f, ok := fault.As(err); ok {
			statuses[i] = itemStatus(f)
			continue
		}
		places, customers = append(places, i), append(customers, c)
	}
	outcomes, err := h.app.UpsertCustomers(ctx, customers, domain.Source{})
	if err != nil {
		return nil, err
	}
	for n, i := range places {
		statuses[i] = itemStatus(outcomes[n].Fault)
	}
	return &profilev1.BatchUpsertCustomersResponse{Statuses: statuses}, nil
}
