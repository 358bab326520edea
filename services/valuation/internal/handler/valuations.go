package handler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.einride.tech/aip/resourcename"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// namePattern is the form of a valuation's name.
const namePattern = "customers/{customer}/valuation"

func nameOf(customer string) string { return "customers/" + customer + "/valuation" }

func customerID(name string) (string, error) {
	var id string
	// The scanner would take "/customers/x/valuation" and full names too.
	if !strings.HasPrefix(name, "customers/") || resourcename.Sscan(name, namePattern, &id) != nil {
		return "", fault.Invalid("name", "must have the form %s", namePattern)
	}
	if f := ident.Check("name", id); f != nil {
		return "", f
	}
	return id, nil
}

func notRefreshed() error {
	return fault.New(fault.NotFound, "VALUATIONS_NOT_REFRESHED", "nothing has been valued yet; call RefreshValuations first")
}

// GetValuation returns one customer's valuation from the last refresh.
func (h *Valuations) GetValuation(ctx context.Context, r *valuationv1.GetValuationRequest) (*valuationv1.Valuation, error) {
	customer, err := customerID(r.GetName())
	if err != nil {
		return nil, err
	}
	edition, err := h.Store.Publication.Current(ctx)
	if errors.Is(err, store.ErrNone) {
		return nil, notRefreshed()
	}
	if err != nil {
		return nil, err
	}
	root := h.Customers.Root(ctx, customer)
	v, err := h.Store.Valuations.Get(ctx, edition.Generation, root)
	if errors.Is(err, docstore.ErrNotFound) || err == nil && edition.Hides(root) {
		return nil, fault.New(fault.NotFound, "VALUATION_NOT_FOUND", "customer %q had no order that counts when all were last valued", customer)
	}
	if err != nil {
		return nil, err
	}
	return newProtos(edition).valuation(v), nil
}

// BatchGetValuations returns the valuations of many customers.
func (h *Valuations) BatchGetValuations(ctx context.Context, r *valuationv1.BatchGetValuationsRequest) (*valuationv1.BatchGetValuationsResponse, error) {
	ids := r.GetCustomerIds()
	var wrong []*fault.Fault
	for i, id := range ids {
		wrong = append(wrong, ident.Check(fmt.Sprintf("customer_ids[%d]", i), id))
	}
	if err := fault.Merge(wrong...); err != nil {
		return nil, err
	}
	answer := &valuationv1.BatchGetValuationsResponse{}
	edition, err := h.Store.Publication.Current(ctx)
	if errors.Is(err, store.ErrNone) {
		answer.Missing = ids
		return answer, nil
	}
	if err != nil {
		return nil, err
	}
	roots := h.Customers.Roots(ctx, ids)
	valuations, err := h.Store.Valuations.GetMany(ctx, edition.Generation, roots)
	if err != nil {
		return nil, err
	}
	to := newProtos(edition)
	for i, v := range valuations {
		if v == nil || edition.Hides(roots[i]) {
			answer.Missing = append(answer.Missing, ids[i])
			continue
		}
		answer.Valuations = append(answer.Valuations, to.valuation(v))
	}
	return answer, nil
}

// orders are what ListValuations can order by.
var orders = map[string]store.Order{
	"":                    store.ByRevenue,
	"revenue desc":        store.ByRevenue,
	"recency_days":        store.ByRecency,
	"customer_id":         store.ByCustomer,
	"residual_value desc": store.ByResidual,
	"churn_risk desc":     store.ByChurn,
	"value_at_risk desc":  store.ByAtRisk,
}

func orderOf(orderBy string) (store.Order, error) {
	order, ok := orders[strings.Join(strings.Fields(orderBy), " ")]
	if !ok {
		f := fault.Invalid("order_by", `must be "revenue desc", "recency_days", "residual_value desc", "churn_risk desc", "value_at_risk desc" or "customer_id", is %q`, orderBy)
		f.Reason = "FIELD_NOT_SORTABLE"
		return "", f
	}
	return order, nil
}

// ListValuations lists valuations of one generation: that which was current when
// the first page was asked for.
func (h *Valuations) ListValuations(ctx context.Context, r *valuationv1.ListValuationsRequest) (*valuationv1.ListValuationsResponse, error) {
	order, err := orderOf(r.GetOrderBy())
	if err != nil {
		return nil, err
	}
	token, size, err := page.Of(r)
	if err != nil {
		return nil, err
	}
	edition, valuations, next, err := h.listing(ctx, token, order, size)
	if errors.Is(err, store.ErrNone) {
		return &valuationv1.ListValuationsResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ListValuationsResponse{TotalSize: edition.Customers}
	to := newProtos(edition)
	for _, v := range valuations {
		answer.Valuations = append(answer.Valuations, to.valuation(v))
	}
	if next != nil {
		answer.NextPageToken, err = page.Token{Position: *next, Generation: uint64(edition.Generation)}.Encode(r)
	}
	return answer, err
}

// listing is a page of an edition, with its count. Where somebody is erased while
// it is read, it is read again, so that page and count agree.
func (h *Valuations) listing(ctx context.Context, token page.Token, order store.Order, size int) (store.Edition, []*domain.Valuation, *docstore.Position, error) {
	edition, after, err := h.listed(ctx, token)
	for {
		if err != nil {
			return edition, nil, nil, err
		}
		valuations, next, err := h.Store.Valuations.Page(ctx, edition.Generation, order, after, size)
		if err != nil {
			return edition, nil, nil, err
		}
		now, kept, err := h.Store.Publication.Edition(ctx, edition.Generation, time.Time{})
		if err != nil {
			return edition, nil, nil, err
		}
		if !kept || now.Erased == edition.Erased {
			shown := slices.DeleteFunc(valuations, func(v *domain.Valuation) bool { return edition.Hides(v.Customer) })
			return edition, shown, next, nil
		}
		edition = now
	}
}

// listed is the edition to list and where to go on.
func (h *Valuations) listed(ctx context.Context, token page.Token) (store.Edition, *docstore.Position, error) {
	if token == (page.Token{}) {
		edition, err := h.Store.Publication.Current(ctx)
		return edition, nil, err
	}
	edition, kept, err := h.Store.Publication.Edition(ctx, int64(token.Generation), h.Clock().Add(-h.Keep))
	if err == nil && !kept {
		f := fault.Invalid("page_token", "belongs to a refresh superseded more than %s ago; start again without a token", h.Keep)
		f.Reason = "PAGE_TOKEN_EXPIRED"
		err = f
	}
	return edition, &token.Position, err
}
