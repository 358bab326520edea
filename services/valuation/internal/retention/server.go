package retention

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Editions tells which refresh is read: store.ErrNone before the first.
type Editions interface {
	Current(context.Context) (store.Edition, error)
}

// Counts is what refreshes have counted: docstore.ErrNotFound of those that an
// older version of the service made.
type Counts interface {
	Get(ctx context.Context, generation int64) (*domain.Retention, error)
}

// Server is the RetentionService. It is safe for concurrent use.
type Server struct {
	Editions Editions
	Counts   Counts
}

var _ valuationv1.RetentionServiceServer = (*Server)(nil)

// usualLevel is the confidence level where none is asked for.
const usualLevel = 0.95

func levelOr(level float64) float64 {
	if level == 0 {
		return usualLevel
	}
	return level
}

// current is what the refresh that is read has counted.
func (s *Server) current(ctx context.Context) (*domain.Retention, int64, error) {
	edition, err := s.Editions.Current(ctx)
	if errors.Is(err, store.ErrNone) {
		return nil, 0, fault.New(fault.NotFound, "VALUATIONS_NOT_REFRESHED", "nothing has been valued yet; call RefreshValuations first")
	}
	if err != nil {
		return nil, 0, err
	}
	r, err := s.Counts.Get(ctx, edition.Generation)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, 0, fault.New(fault.FailedPrecondition, "COHORTS_NOT_COUNTED",
			"the last refresh was made, or begun, by an older version of the service, which counts no cohorts; another refresh has them")
	}
	return r, edition.Generation, err
}

// QueryCohorts returns customers by the period of their first order.
func (s *Server) QueryCohorts(ctx context.Context, r *valuationv1.QueryCohortsRequest) (*valuationv1.RetentionTable, error) {
	counted, generation, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	measure, period := measureOf[r.GetMeasure()], periodOf[r.GetPeriod()] // unset is the first of each
	w := writer{measure: measure, level: levelOr(r.GetLevel()), currency: counted.Policy.Currency}
	m, err := w.table(NewTable(counted, measure, period), counted)
	if err != nil {
		return nil, err
	}
	m.Generation = generation
	m.Measure, m.Period = valuationv1.CohortMeasure(measure+1), valuationv1.CohortPeriod(period+1) // in the same order
	says := define(measure, period)
	m.Definition, m.DefinitionZh = says.en, says.zh
	return m, nil
}

// GetSurvivalCurve returns how long customers go without a purchase.
func (s *Server) GetSurvivalCurve(ctx context.Context, r *valuationv1.GetSurvivalCurveRequest) (*valuationv1.SurvivalCurve, error) {
	counted, generation, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	which := gapsOf[r.GetGaps()]
	level := levelOr(r.GetLevel())
	curve, err := NewCurve(&counted.Gaps, which, level)
	if err != nil {
		return nil, err
	}
	m := &valuationv1.SurvivalCurve{
		Gaps: valuationv1.SurvivalGaps(which + 1), AsOf: timestamppb.New(counted.AsOf.Time()), TimeZone: counted.Policy.Zone,
		Customers: counted.Customers, Generation: generation, Observations: curve.Observations, Events: curve.Events,
		Censored:   curve.Observations - curve.Events,
		MedianDays: curve.Median.Time, MedianDaysLow: curve.Median.Lower, MedianDaysHigh: curve.Median.Upper,
		Level: level, Method: method,
		Definition: gapDefinitions[which].en, DefinitionZh: gapDefinitions[which].zh, Warnings: curve.Warnings,
	}
	for _, p := range curve.Points {
		m.Points = append(m.Points, &valuationv1.SurvivalPoint{
			Days: p.Days, AtRisk: p.AtRisk, Events: p.Events, Survival: p.Survival, Low: p.Low, High: p.High,
		})
	}
	return m, nil
}
