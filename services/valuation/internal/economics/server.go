package economics

import (
	"context"
	"errors"
	"time"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Profile is what the room asks of the profile service.
type Profile interface {
	// Exists is CUSTOMER_NOT_FOUND where there is no such customer.
	Exists(ctx context.Context, customer string) error
	// History is one customer's orders before an instant, converted into a currency
	// where one is given; without orders where there are none.
	History(ctx context.Context, customer string, before time.Time, currency string) (*domain.History, error)
	// Convert turns minor units of one currency into those of another, by the rate
	// of a day.
	Convert(ctx context.Context, minor int64, from, to string, at time.Time) (int64, error)
}

// Summaries tells as of when and where values hold: store.ErrNone before the first
// refresh.
type Summaries interface {
	Summary(context.Context) (domain.Summary, error)
}

// Customers tells which ids are one customer.
type Customers interface {
	Root(ctx context.Context, id string) string
	Members(ctx context.Context, id string) []string
}

// Deps is what the room is given.
type Deps struct {
	Engine    docstore.Engine
	Profile   Profile
	Summaries Summaries
	Customers Customers
	Clock     func() time.Time
}

// Server is the EconomicsService. It is safe for concurrent use.
type Server struct {
	docs      *docstore.Collection[line]
	profile   Profile
	summaries Summaries
	customers Customers
	clock     func() time.Time
}

var _ valuationv1.EconomicsServiceServer = (*Server)(nil)

// New opens the room's collection.
func New(ctx context.Context, d Deps) (*Server, error) {
	docs, err := docstore.Open(ctx, d.Engine, schema(), docstore.WithClock(d.Clock))
	return &Server{docs, d.Profile, d.Summaries, d.Customers, d.Clock}, err
}

// now is in the precision of the store.
func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// GetCustomerEconomics returns both sides of a relationship.
func (s *Server) GetCustomerEconomics(ctx context.Context, r *valuationv1.GetCustomerEconomicsRequest) (*valuationv1.CustomerEconomics, error) {
	customer, err := aip.ParseID("name", r.GetName(), customerPattern)
	if err != nil {
		return nil, err
	}
	asked, err := s.asked(ctx, r)
	if err != nil {
		return nil, err
	}
	asked.customer = s.customers.Root(ctx, customer)
	orders, err := s.profile.History(ctx, asked.customer, asked.asOf.Time(), asked.reporting)
	if err != nil {
		return nil, err
	}
	own, shared, err := s.linesOf(ctx, s.customers.Members(ctx, asked.customer), asked.segments)
	if err != nil {
		return nil, err
	}
	made, err := s.balance(ctx, asked, orders, own, shared)
	if err != nil {
		return nil, err
	}
	made.Name, made.CustomerId, made.Segments = "customers/"+customer+"/economics", customer, r.GetSegments()
	return made, refused(made)
}

// refused is the fault where neither side has totals.
func refused(m *valuationv1.CustomerEconomics) error {
	theirs, ours := m.GetCustomerSide().GetRefusal(), m.GetCompanySide().GetRefusal()
	if theirs == nil || ours == nil {
		return nil
	}
	return fault.New(fault.FailedPrecondition, theirs.GetReason(), "%s; and of the company's side: %s", theirs.GetMessage(), ours.GetMessage()).
		With("company_side", ours.GetReason())
}

// question is a request that has been checked.
type question struct {
	customer  string // the id by which the customer goes
	asOf      domain.AsOf
	zone      string
	segments  []string // ids
	rate      float64  // annual
	reporting string
}

func (s *Server) asked(ctx context.Context, r *valuationv1.GetCustomerEconomicsRequest) (question, error) {
	q := question{rate: r.GetDiscountRate(), reporting: r.GetReportingCurrencyCode()}
	if q.reporting != "" {
		if f := money.Check("reporting_currency_code", q.reporting); f != nil {
			return q, f
		}
	}
	for _, name := range r.GetSegments() {
		id, err := aip.ParseID("segments", name, segmentPattern)
		if err != nil {
			return q, err
		}
		q.segments = append(q.segments, id)
	}
	summary, err := s.summaries.Summary(ctx)
	if errors.Is(err, store.ErrNone) {
		return q, fault.New(fault.NotFound, "VALUATIONS_NOT_REFRESHED", "nothing has been valued yet; call RefreshValuations first")
	}
	if err != nil {
		return q, err
	}
	q.zone = summary.Policy.Zone
	q.asOf, err = summary.Policy.AsOf()
	return q, err
}

// mostLines is how many lines are added up at most.
const mostLines = 1000

// linesOf reads the lines of a customer's ids, and of segments.
func (s *Server) linesOf(ctx context.Context, customers, segments []string) (own, shared []*line, err error) {
	read := func(into *[]*line, key string) error {
		r := subject(key)
		r.Limit = mostLines + 1
		for l, err := range s.docs.Scan(ctx, r) {
			if err != nil {
				return err
			}
			*into = append(*into, l)
		}
		if len(own)+len(shared) > mostLines {
			return fault.New(fault.FailedPrecondition, "ECONOMICS_TOO_MANY_LINES",
				"the customer and the segments named have more than %d lines: put some together, or name fewer segments", mostLines)
		}
		return nil
	}
	for _, id := range customers {
		if err := read(&own, customerKey(id)); err != nil {
			return nil, nil, err
		}
	}
	for _, id := range segments {
		if err := read(&shared, segmentKey(id)); err != nil {
			return nil, nil, err
		}
	}
	return own, shared, nil
}
