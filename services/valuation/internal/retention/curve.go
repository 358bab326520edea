package retention

import (
	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/pkg/survival"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Gaps says which gaps between purchases a curve is about.
type Gaps uint8

// The gaps.
const (
	AllGaps   Gaps = iota // of all customers
	FirstGaps             // from the first day with an order of each to the second
)

var gapsOf = map[valuationv1.SurvivalGaps]Gaps{
	valuationv1.SurvivalGaps_SURVIVAL_GAPS_ALL:   AllGaps,
	valuationv1.SurvivalGaps_SURVIVAL_GAPS_FIRST: FirstGaps,
}

// method names what NewCurve does.
const method = "kaplan_meier, greenwood, log-log interval"

// Curve is the survival of gaps.
type Curve struct {
	Observations int64
	Events       int64
	Points       []Point // where there were events
	Median       survival.Quantile
	Warnings     []*apiv1.Warning
}

// Point is a step of a curve. Survival and its interval are fractions.
type Point struct {
	Days                int32
	AtRisk, Events      int64
	Survival, Low, High float64
}

// NewCurve estimates the survival of gaps, with a pointwise interval at a level
// strictly between 0 and 1. Gaps of domain.GapDays and more are at risk up to
// there, and are seen no further.
func NewCurve(gaps *domain.Gaps, which Gaps, level float64) (*Curve, error) {
	closed, open := []*stat.Histogram{&gaps.All}, []*stat.Histogram{&gaps.Open, &gaps.Once}
	if which == FirstGaps {
		closed, open = []*stat.Histogram{&gaps.First}, open[1:]
	}
	var s sample
	c := &Curve{Events: s.add(closed, true)}
	c.Observations = c.Events + s.add(open, false)
	if c.Observations == 0 {
		c.Warnings = append(c.Warnings, &apiv1.Warning{Reason: "NO_ORDERS", Message: "there are no customers with an order: there is no curve"})
		return c, nil
	}
	estimated, err := survival.KaplanMeier(s.Sample, survival.CurveOptions{Interval: survival.IntervalLogLog, Level: level})
	if err != nil {
		return nil, err
	}
	if c.Median, err = estimated.Quantile(0.5); err != nil {
		return nil, err
	}
	for i, events := range estimated.Events {
		if events > 0 {
			c.Points = append(c.Points, Point{
				Days: int32(estimated.Times[i]), AtRisk: int64(estimated.AtRisk[i]), Events: int64(events),
				Survival: estimated.Survival[i], Low: estimated.Lower[i], High: estimated.Upper[i],
			})
		}
	}
	for _, w := range estimated.Warnings {
		c.Warnings = append(c.Warnings, &apiv1.Warning{Reason: string(w.Reason), Message: w.Message})
	}
	return c, nil
}

// sample is gaps with how many there are of each.
type sample struct{ survival.Sample }

// add counts gaps that have ended, or are open, and returns how many there are.
func (s *sample) add(histograms []*stat.Histogram, ended bool) (n int64) {
	for _, h := range histograms {
		n += h.Count
		longer := h.Count
		for days, count := range h.Cells[:min(len(h.Cells), domain.GapDays)] {
			s.row(days, ended, count)
			longer -= count
		}
		s.row(domain.GapDays, false, longer)
	}
	return n
}

func (s *sample) row(days int, ended bool, count int64) {
	if count == 0 {
		return
	}
	s.Durations = append(s.Durations, float64(days))
	s.Events = append(s.Events, ended)
	s.Weights = append(s.Weights, float64(count))
}
