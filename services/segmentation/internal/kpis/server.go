package kpis

import (
	"context"
	"time"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

const (
	segmentPattern = "segments/{segment}"
	kpiPattern     = "segments/{segment}/kpis/{date}"
)

// Server is the SegmentKpiService. It is safe for concurrent use.
type Server struct {
	Store    *Store
	Segments Segments
}

var _ segmentationv1.SegmentKpiServiceServer = (*Server)(nil)

// GetSegmentKpi returns one day.
func (s *Server) GetSegmentKpi(ctx context.Context, r *segmentationv1.GetSegmentKpiRequest) (*segmentationv1.SegmentKpi, error) {
	var id, date string
	if err := aip.ParseName("name", r.GetName(), kpiPattern, &id, &date); err != nil {
		return nil, err
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return nil, fault.Invalid("name", "must end with a date, e.g. %s, is %q", aip.Name(kpiPattern, id, "2026-11-22"), r.GetName())
	}
	segment, err := s.Segments.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	k, err := s.Store.Get(ctx, id, segment.Born, date)
	if err == nil && k == nil {
		err = fault.New(fault.NotFound, "KPI_NOT_FOUND", "segment %q was not measured on %s", id, date).
			With("segment", "segments/"+id).With("date", date)
	}
	if err != nil {
		return nil, err
	}
	return message(k), nil
}

// ListSegmentKpis lists the days of a segment.
func (s *Server) ListSegmentKpis(ctx context.Context, r *segmentationv1.ListSegmentKpisRequest) (*segmentationv1.ListSegmentKpisResponse, error) {
	id, err := aip.ParseID("parent", r.GetParent(), segmentPattern)
	if err != nil {
		return nil, err
	}
	from, err := aip.Day("from", r.GetFrom())
	if err != nil {
		return nil, err
	}
	to, err := aip.Day("to", r.GetTo())
	if err != nil {
		return nil, err
	}
	if from != "" && to != "" && from > to {
		return nil, fault.Invalid("to", "must not be before from, which is %s", from)
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	segment, err := s.Segments.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	days, next, err := s.Store.Page(ctx, id, segment.Born, from, to, after, size)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ListSegmentKpisResponse{}
	for i := range days {
		answer.Kpis = append(answer.Kpis, message(&days[i]))
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

func message(k *Kpi) *segmentationv1.SegmentKpi {
	return &segmentationv1.SegmentKpi{
		Name: aip.Name(kpiPattern, k.Segment, k.Date), AsOf: aip.Timestamp(k.AsOf), TimeZone: k.Zone, Generation: k.Generation,
		MemberCount: k.Members, PreviousTime: aip.Timestamp(k.Previous), Entered: k.Entered, Left: k.Left,
		WindowDays: WindowDays, Buyers: k.Buyers, Orders: k.Orders, Revenue: amounts(k.Revenue), RepeatBuyers: k.RepeatBuyers,
		Answered: k.Answered, Satisfaction: mean(k.Satisfaction, k.Answered),
		Predicted: k.Predicted, ChurnRisk: mean(k.ChurnRisk, k.Predicted),
		ResidualKnown: k.Valued, ResidualValue: amounts(k.Residual), Advocates: k.Advocates, QualifiedReferees: k.Qualified,
	}
}

// mean is nil of nobody.
func mean(sum float64, n int64) *float64 {
	if n == 0 {
		return nil
	}
	m := sum / float64(n)
	return &m
}

func amounts(all []facts.Money) []*apiv1.Money {
	var told []*apiv1.Money
	for _, m := range all {
		told = append(told, &apiv1.Money{MinorUnits: m.Minor, CurrencyCode: m.Currency})
	}
	return told
}
