package handler

import (
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

func cohortsProto(t *domain.CohortTable) *valuationv1.CohortTable {
	if t == nil {
		return nil
	}
	m := &valuationv1.CohortTable{OmittedCohorts: t.OmittedCohorts, OmittedCustomers: t.OmittedCustomers}
	for _, c := range t.Cohorts {
		m.Cohorts = append(m.Cohorts, &valuationv1.Cohort{
			Month: c.Month, Customers: c.Customers, ActiveCustomers: c.Active, RevenueMinorUnits: c.Revenue,
		})
	}
	return m
}

func distributionProto(d *domain.Distribution) *valuationv1.Distribution {
	if d == nil {
		return nil
	}
	m := &valuationv1.Distribution{Count: d.Count, Minimum: d.Min, Maximum: d.Max, Mean: d.Mean}
	for _, q := range d.Quantiles {
		m.Quantiles = append(m.Quantiles, &valuationv1.Quantile{
			Probability: fraction(q.Percent), Value: q.Value, RelativeError: q.RelativeError,
		})
	}
	for _, b := range d.Bins {
		m.Bins = append(m.Bins, &valuationv1.Bin{Lower: b.Lower, Upper: b.Upper, Count: b.Count})
	}
	return m
}

func concentrationProto(shares []stat.TopShare) []*valuationv1.Concentration {
	var all []*valuationv1.Concentration
	for _, s := range shares {
		all = append(all, &valuationv1.Concentration{
			CustomerShare: fraction(s.Percent), Customers: s.Count, RevenueShare: s.Share,
		})
	}
	return all
}

func fraction(percent int) float64 { return float64(percent) / 100 }
