package indicators

import (
	"context"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/valuation/internal/facts"
	"github.com/kehuhq/kehu/services/valuation/internal/loyalty"
)

// Customers tells by which id a customer goes since records were merged.
type Customers interface {
	Root(ctx context.Context, id string) string
}

// Server answers the IndicatorService.
type Server struct {
	Store      *Store
	Taker      *Taker
	Operations *operation.Manager
	Customers  Customers
}

var _ valuationv1.IndicatorServiceServer = (*Server)(nil)

// TakeKind is the kind of the operations of TakeIndicators.
const TakeKind = "take-indicators"

// state is how far an operation has come.
type state struct {
	Place facts.Place `bson:"place"`
}

// journal keeps the place of an operation.
type journal[R proto.Message] struct{ run *operation.Run[R, state] }

func (j journal[R]) Keep(ctx context.Context, p facts.Place) error {
	return j.run.Checkpoint(ctx, state{p})
}

func (j journal[R]) Alive(ctx context.Context) error { return j.run.Checkpoint(ctx, j.run.State) }

func (j journal[R]) Progress(done, total int64, stage string) { j.run.Progress(done, total, stage) }

// Register makes the operations of TakeIndicators and EvaluateLoyaltyPolicy run.
func Register(m *operation.Manager, t *Taker) error {
	err := operation.Register(m, TakeKind, operation.Kind[*valuationv1.TakeIndicatorsRequest, state]{
		Run: func(ctx context.Context, run *operation.Run[*valuationv1.TakeIndicatorsRequest, state]) (proto.Message, error) {
			taken, err := t.Run(ctx, run.Name, run.Request.GetGeneration(), run.State.Place, journal[*valuationv1.TakeIndicatorsRequest]{run})
			if err != nil {
				return nil, err
			}
			return takenProto(taken), nil
		},
	})
	if err != nil {
		return err
	}
	return operation.Register(m, loyalty.EvaluateKind, operation.Kind[*valuationv1.EvaluateLoyaltyPolicyRequest, state]{
		Run: func(ctx context.Context, run *operation.Run[*valuationv1.EvaluateLoyaltyPolicyRequest, state]) (proto.Message, error) {
			return t.evaluate(ctx, run)
		},
	})
}

// evaluate evaluates one policy, with facts of now.
func (t *Taker) evaluate(ctx context.Context, run *operation.Run[*valuationv1.EvaluateLoyaltyPolicyRequest, state]) (proto.Message, error) {
	id, err := aip.ParseID("name", run.Request.GetName(), "loyaltyPolicies/{policy}")
	if err != nil {
		return nil, err
	}
	p, err := t.Base.Current(ctx)
	if err != nil {
		return nil, err
	}
	j := journal[*valuationv1.EvaluateLoyaltyPolicyRequest]{run}
	view, err := t.Facts.Bring(ctx, run.Name, p.AsOf.Time(), run.State.Place, j)
	if err != nil {
		return nil, err
	}
	_, evaluation, err := t.Loyalty.Run(ctx, run.Name, id, p, view, t.Family(ctx), j)
	if err != nil {
		return nil, err
	}
	return loyalty.EvaluationProto(evaluation), nil
}

// TakeIndicators starts a snapshot.
func (s *Server) TakeIndicators(ctx context.Context, r *valuationv1.TakeIndicatorsRequest) (*longrunningpb.Operation, error) {
	if _, err := s.Taker.Base.Current(ctx); err != nil {
		return nil, err
	}
	return s.Operations.Start(ctx, TakeKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// ListIndicators lists the indicators of all groups as of one date.
func (s *Server) ListIndicators(ctx context.Context, r *valuationv1.ListIndicatorsRequest) (*valuationv1.ListIndicatorsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	on := r.GetAsOfDate()
	switch {
	case on != "":
		_, err = date("as_of_date", on)
	case after != nil: // of the date that the first page was of
		on = dateOf(after.ID)
	default:
		on, err = s.Store.Latest(ctx)
	}
	if err != nil {
		return nil, err
	}
	found, next, err := s.Store.On(ctx, on, after, size)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && after == nil {
		return nil, fault.New(fault.NotFound, "INDICATORS_NOT_TAKEN", "no snapshot is as of %s", on)
	}
	answer := &valuationv1.ListIndicatorsResponse{}
	for _, snapshot := range found {
		m, err := snapshotProto(snapshot)
		if err != nil {
			return nil, err
		}
		answer.Indicators = append(answer.Indicators, m)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

var periods = map[valuationv1.IndicatorPeriod]Period{
	valuationv1.IndicatorPeriod_INDICATOR_PERIOD_UNSPECIFIED: EachSnapshot,
	valuationv1.IndicatorPeriod_INDICATOR_PERIOD_SNAPSHOT:    EachSnapshot,
	valuationv1.IndicatorPeriod_INDICATOR_PERIOD_WEEK:        Week,
	valuationv1.IndicatorPeriod_INDICATOR_PERIOD_MONTH:       Month,
	valuationv1.IndicatorPeriod_INDICATOR_PERIOD_YEAR:        Year,
}

// QueryIndicators returns the indicators of one group over time.
func (s *Server) QueryIndicators(ctx context.Context, r *valuationv1.QueryIndicatorsRequest) (*valuationv1.QueryIndicatorsResponse, error) {
	group := r.GetGroup()
	if group == "" {
		group = All
	}
	points, err := s.Store.Query(ctx, group, r.GetFromDate(), r.GetToDate(), periods[r.GetPeriod()])
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.QueryIndicatorsResponse{}
	for _, p := range points {
		m := &valuationv1.IndicatorPoint{StartDate: p.Start, EndDate: p.End, Reason: p.Reason}
		if p.Snapshot != nil {
			if m.Indicators, err = snapshotProto(p.Snapshot); err != nil {
				return nil, err
			}
		}
		answer.Points = append(answer.Points, m)
	}
	return answer, nil
}

// GetCustomerIndicators returns the indicators of one customer.
func (s *Server) GetCustomerIndicators(ctx context.Context, r *valuationv1.GetCustomerIndicatorsRequest) (*valuationv1.CustomerIndicators, error) {
	customer, err := aip.ParseID("name", r.GetName(), "customers/{customer}/indicators")
	if err != nil {
		return nil, err
	}
	scales, err := s.Store.Scales(ctx)
	if err != nil {
		return nil, err
	}
	customer = s.Customers.Root(ctx, customer)
	v, err := s.Taker.Base.Get(ctx, scales.Population, customer)
	if err != nil {
		return nil, err
	}
	view, err := s.Taker.Facts.View(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	known, err := s.Taker.Facts.Of(ctx, view, s.Taker.Family(ctx), customer)
	if err != nil {
		return nil, err
	}
	return customerProto(scales, v, known, view), nil
}
