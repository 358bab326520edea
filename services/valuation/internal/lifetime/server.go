package lifetime

import (
	"context"
	"errors"
	"strings"

	"go.einride.tech/aip/resourcename"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/clv"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/money"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Editions tells which refresh is read: store.ErrNone before the first.
type Editions interface {
	Current(context.Context) (store.Edition, error)
	Summary(context.Context) (domain.Summary, error)
}

// Valuations is what each customer has been worth: docstore.ErrNotFound of those
// who have none.
type Valuations interface {
	Get(ctx context.Context, generation int64, customer string) (*domain.Valuation, error)
}

// Counts is what refreshes have counted of cohorts.
type Counts interface {
	Get(ctx context.Context, generation int64) (*domain.Retention, error)
}

// Customers tells which ids are one customer.
type Customers interface {
	Root(ctx context.Context, id string) string
}

// Server is the LifetimeValueService. It is safe for concurrent use.
type Server struct {
	Editions   Editions
	Valuations Valuations
	Counts     Counts
	Customers  Customers
}

var _ valuationv1.LifetimeValueServiceServer = (*Server)(nil)

const namePattern = "customers/{customer}/valuation"

// ComputeLifetimeValue works out a plan, of a customer or of none.
func (s *Server) ComputeLifetimeValue(ctx context.Context, r *valuationv1.ComputeLifetimeValueRequest) (*valuationv1.LifetimeValue, error) {
	customer, err := customerOf(r.GetName())
	if err != nil {
		return nil, err
	}
	plan, periods, err := terms(r)
	if err != nil {
		return nil, err
	}
	if r.GetCurrencyCode() != "" {
		if f := money.Check("currency_code", r.GetCurrencyCode()); f != nil {
			return nil, f
		}
	}
	known, err := s.know(ctx, r, customer)
	if err != nil {
		return nil, err
	}
	a := answer{known: known, currency: r.GetCurrencyCode(), name: r.GetName()}
	if err := a.margins(r, &plan, periods); err != nil {
		return nil, err
	}
	if err := a.retention(r, &plan); err != nil {
		return nil, err
	}
	result, err := clv.Of(plan)
	if err != nil {
		return nil, err
	}
	return a.proto(r, plan, result)
}

// customerOf is the customer of a valuation's name, empty of none.
func customerOf(name string) (id string, err error) {
	if name == "" {
		return "", nil
	}
	if !strings.HasPrefix(name, "customers/") || resourcename.Sscan(name, namePattern, &id) != nil {
		return "", fault.Invalid("name", "must have the form %s, or be empty", namePattern)
	}
	if f := ident.Check("name", id); f != nil {
		return "", f
	}
	return id, nil
}

// known is what the last refresh knows that a plan may rest on.
type known struct {
	asOf       *domain.AsOf // nil where nothing of a refresh was used
	generation int64
	currency   string            // the valuation's
	valuation  *domain.Valuation // nil without a customer
	counted    *domain.Retention // nil where retention is stated
}

// know looks up what the request leaves to history and cohorts.
func (s *Server) know(ctx context.Context, r *valuationv1.ComputeLifetimeValueRequest, customer string) (known, error) {
	if customer == "" && len(r.GetMarginMinorUnits()) == 0 {
		return known{}, fault.Invalid("margin_minor_units", "must be given where there is no customer whose margin to take")
	}
	if customer == "" && r.GetCurrencyCode() == "" {
		return known{}, fault.Invalid("currency_code", "must say in what currency the margins are, e.g. \"CNY\"")
	}
	if customer == "" && r.Retention != nil {
		return known{}, nil
	}
	edition, err := s.Editions.Current(ctx)
	if errors.Is(err, store.ErrNone) {
		return known{}, fault.New(fault.NotFound, "VALUATIONS_NOT_REFRESHED", "nothing has been valued yet; call RefreshValuations first")
	}
	if err != nil {
		return known{}, err
	}
	summary, err := s.Editions.Summary(ctx)
	if err != nil {
		return known{}, err
	}
	asOf, err := summary.Policy.AsOf()
	if err != nil {
		return known{}, err
	}
	k := known{asOf: &asOf, generation: edition.Generation, currency: summary.Policy.Currency}
	if customer != "" {
		root := s.Customers.Root(ctx, customer)
		k.valuation, err = s.Valuations.Get(ctx, edition.Generation, root)
		if errors.Is(err, docstore.ErrNotFound) || err == nil && edition.Hides(root) {
			return k, fault.New(fault.NotFound, "VALUATION_NOT_FOUND", "customer %q had no order that counts when all were last valued", customer)
		}
		if err != nil {
			return k, err
		}
	}
	if r.Retention != nil {
		return k, nil
	}
	k.counted, err = s.Counts.Get(ctx, edition.Generation)
	if errors.Is(err, docstore.ErrNotFound) {
		err = fault.New(fault.FailedPrecondition, "COHORTS_NOT_COUNTED",
			"the last refresh was made by an older version of the service, which counts no cohorts: refresh again, or state retention")
	}
	return k, err
}
