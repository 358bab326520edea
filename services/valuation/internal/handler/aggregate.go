package handler

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/app"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Aggregates implements AggregateService.
type Aggregates struct {
	valuationv1.UnimplementedAggregateServiceServer
	Aggregator *app.Aggregator
	Customers  *alias.Book
}

// AggregateValuation adds up the valuations of some customers.
func (h *Aggregates) AggregateValuation(ctx context.Context, r *valuationv1.AggregateValuationRequest) (*valuationv1.ValuationAggregate, error) {
	asked, err := h.asked(ctx, r)
	if err != nil {
		return nil, err
	}
	level := r.GetLevel()
	if level == 0 {
		level = 0.95
	}
	sum, err := h.Aggregator.Aggregate(ctx, asked, level)
	if errors.Is(err, store.ErrNone) {
		return nil, notRefreshed()
	}
	if err != nil {
		return nil, err
	}
	return aggregateProto(sum), nil
}

// asked is whose valuations to add up.
func (h *Aggregates) asked(ctx context.Context, r *valuationv1.AggregateValuationRequest) (app.Asked, error) {
	switch c := r.GetCustomers().(type) {
	case *valuationv1.AggregateValuationRequest_RfmGroup:
		return app.Asked{Matches: func(v *domain.Valuation) bool { return v.Scores.Group == stat.Group(c.RfmGroup) }}, nil
	case *valuationv1.AggregateValuationRequest_RfmCell:
		return app.Asked{Matches: func(v *domain.Valuation) bool { return inCell(v.Scores.Cell(), c.RfmCell) }}, nil
	case *valuationv1.AggregateValuationRequest_RfmSegment:
		for _, s := range stat.EnglishSegments() {
			if strings.EqualFold(s.String(), c.RfmSegment) {
				return app.Asked{Matches: func(v *domain.Valuation) bool { return v.Scores.Segment() == s }}, nil
			}
		}
		return app.Asked{}, fault.Invalid("rfm_segment", "must be one of the eleven segments, e.g. %q, is %q", stat.EnglishSegments()[0], c.RfmSegment)
	case *valuationv1.AggregateValuationRequest_CustomerIds:
		ids := c.CustomerIds.GetIds()
		var wrong []*fault.Fault
		for i, id := range ids {
			wrong = append(wrong, ident.Check(fmt.Sprintf("customer_ids.ids[%d]", i), id))
		}
		return app.Asked{Customers: h.Customers.Roots(ctx, ids), Named: true}, fault.Merge(wrong...)
	case *valuationv1.AggregateValuationRequest_Segment:
		return app.Asked{Segment: c.Segment}, nil
	}
	return app.Asked{}, nil
}

// inCell compares with a cell in which * stands for any score.
func inCell(cell, pattern string) bool {
	for i := range pattern {
		if pattern[i] != '*' && (i >= len(cell) || pattern[i] != cell[i]) {
			return false
		}
	}
	return true
}

func aggregateProto(s *app.Aggregate) *valuationv1.ValuationAggregate {
	m := &valuationv1.ValuationAggregate{
		AsOf: timestamppb.New(s.Summary.AsOf), TimeZone: s.Summary.Policy.Zone, Generation: s.Summary.Generation,
		Customers: s.Customers, CustomersWithoutValuation: s.Missing, Orders: s.Orders,
		CustomersWithHistoricValue: s.WithHistoric, SegmentGeneration: s.SegmentGeneration,
	}
	currency := s.Summary.Policy.Currency
	for _, amount := range s.Revenue {
		m.Revenue = append(m.Revenue, moneyProto(amount.Currency, amount.Minor))
	}
	if s.WithHistoric > 0 {
		m.HistoricValue = moneyProto(currency, s.Historic)
	}
	for _, w := range s.Warnings {
		m.Warnings = append(m.Warnings, &apiv1.Warning{Reason: w.Reason, Message: w.Message})
	}
	if p := s.Summary.Predictions; p != nil {
		m.Models = modelNames(p.Models)
	}
	if s.Sums.Customers > 0 {
		m.ExpectedOrders = &s.Sums.Orders
	}
	if s.Sums.Valued == 0 {
		return m
	}
	m.ValueAtRisk = moneyProto(currency, s.Sums.AtRisk)
	m.Residual = &valuationv1.ResidualValue{
		Value: moneyProto(currency, s.Sums.Residual), Customers: s.Sums.Valued,
		Lower: moneyProto(currency, s.Lower), Upper: moneyProto(currency, s.Upper), Level: s.Level, Method: app.Method,
		SamplingDeviation: s.Spread.Sampling, MeasuredCustomers: int64(s.Spread.Measured), ParameterDraws: int32(s.Spread.Draws),
	}
	if s.Spread.Told {
		m.Residual.ParameterDeviation = &s.Spread.Parameter
	}
	return m
}
