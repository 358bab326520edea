package findings

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// cohortTitles name the measures, in the order of their numbers.
var cohortTitles = []string{
	"", "Classic retention 经典留存", "Rolling retention 滚动留存", "Cumulative retention 累计复购", "Revenue 收入", "Cumulative revenue per customer 人均累计收入",
}

// Cohorts sets cohorts below one another: how many customers, how many of them
// bought on two days or more, and a column for each period behind their first order.
func Cohorts(t *valuationv1.RetentionTable) *Finding {
	f := &Finding{
		Answer: t,
		Title: fmt.Sprintf("%s, %s customers, as of %s", cohortTitles[int(t.GetMeasure())%len(cohortTitles)],
			text(t.GetCustomers()), lastDay(t.GetAsOf(), t.GetTimeZone())),
		Header: []string{"first order", "customers", "repeat"},
	}
	columns, begin := len(t.GetOverall()), 0
	for i, c := range t.GetOverall() {
		if i == 0 {
			begin = int(c.GetOffset())
		}
		f.Header = append(f.Header, fmt.Sprint(c.GetOffset()))
	}
	line := func(name string, customers any, repeat *valuationv1.EstimatedShare, cells []*valuationv1.RetentionCell) {
		row := make([]any, 3+columns) // what has not ended stays empty
		row[0], row[1], row[2] = name, customers, estimate(repeat)
		for _, c := range cells {
			row[3+int(c.GetOffset())-begin] = cohortCell(t.GetMeasure(), c)
		}
		f.Rows = append(f.Rows, row)
	}
	for _, c := range t.GetCohorts() {
		line(c.GetPeriod(), c.GetCustomers(), c.GetRepeatRate(), c.GetCells())
	}
	line("all", t.GetCustomers(), t.GetRepeatRate(), t.GetOverall())
	f.Notes = append(f.Notes, t.GetDefinition(), t.GetDefinitionZh())
	if n := t.GetOmittedCohorts(); n > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%s older cohorts with %s customers are left out", text(n), text(t.GetOmittedCustomers())))
	}
	f.warn(t.GetWarnings())
	return f
}

func estimate(s *valuationv1.EstimatedShare) any {
	if s == nil {
		return nil
	}
	return Share(s.GetValue())
}

func cohortCell(m valuationv1.CohortMeasure, c *valuationv1.RetentionCell) any {
	switch m {
	case valuationv1.CohortMeasure_COHORT_MEASURE_REVENUE:
		return amountOr(c.GetRevenue())
	case valuationv1.CohortMeasure_COHORT_MEASURE_CUMULATIVE_REVENUE:
		return amountOr(c.GetRevenuePerCustomer())
	default:
		return estimate(c.GetShare())
	}
}

func amountOr(m *apiv1.Money) any {
	if m == nil {
		return nil
	}
	return m
}

// lastDay is the last day in front of an instant, in a zone.
func lastDay(at *timestamppb.Timestamp, zone string) string {
	in, err := time.LoadLocation(zone)
	if err != nil {
		in = time.UTC
	}
	return at.AsTime().Add(-time.Nanosecond).In(in).Format(time.DateOnly)
}

// SurvivalCurve sets a survival curve at every so many days, or all its steps where
// that is 0.
func SurvivalCurve(c *valuationv1.SurvivalCurve, every int32) *Finding {
	f := &Finding{
		Answer: c,
		Title: fmt.Sprintf("Survival without a purchase 无购买存续, %s gaps of %s customers, as of %s",
			text(c.GetObservations()), text(c.GetCustomers()), lastDay(c.GetAsOf(), c.GetTimeZone())),
		Header: []string{"days", "at risk", "purchases", "survival", "from", "to"},
	}
	for _, p := range steps(c.GetPoints(), every) {
		f.Rows = append(f.Rows, []any{
			int64(p.GetDays()), p.GetAtRisk(), p.GetEvents(), Share(p.GetSurvival()), Share(p.GetLow()), Share(p.GetHigh()),
		})
	}
	if c.MedianDays != nil {
		f.Notes = append(f.Notes, fmt.Sprintf("half have purchased again within %s days", text(c.GetMedianDays())))
	}
	f.Notes = append(f.Notes,
		fmt.Sprintf("%s gaps ended with a purchase, %s were open at the date; from and to are the %.4g%% interval (%s)",
			text(c.GetEvents()), text(c.GetCensored()), 100*c.GetLevel(), c.GetMethod()),
		c.GetDefinition(), c.GetDefinitionZh())
	f.warn(c.GetWarnings())
	return f
}

// steps are a curve at every so many days: what it is there, how many were at risk
// at the first step since the one before, and the events of all steps since then.
func steps(points []*valuationv1.SurvivalPoint, every int32) []*valuationv1.SurvivalPoint {
	if every == 0 {
		return points
	}
	var shown []*valuationv1.SurvivalPoint
	for _, p := range points {
		upTo := (p.GetDays() + every - 1) / every * every
		if len(shown) == 0 || shown[len(shown)-1].GetDays() < upTo {
			shown = append(shown, &valuationv1.SurvivalPoint{Days: upTo, AtRisk: p.GetAtRisk()})
		}
		last := shown[len(shown)-1]
		last.Events += p.GetEvents()
		last.Survival, last.Low, last.High = p.GetSurvival(), p.GetLow(), p.GetHigh()
	}
	return shown
}
