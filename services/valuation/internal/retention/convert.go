package retention

import (
	"math/big"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

var measureOf = map[valuationv1.CohortMeasure]Measure{
	valuationv1.CohortMeasure_COHORT_MEASURE_CLASSIC:            Classic,
	valuationv1.CohortMeasure_COHORT_MEASURE_ROLLING:            Rolling,
	valuationv1.CohortMeasure_COHORT_MEASURE_CUMULATIVE:         Cumulative,
	valuationv1.CohortMeasure_COHORT_MEASURE_REVENUE:            Revenue,
	valuationv1.CohortMeasure_COHORT_MEASURE_CUMULATIVE_REVENUE: CumulativeRevenue,
}

var periodOf = map[valuationv1.CohortPeriod]domain.Period{
	valuationv1.CohortPeriod_COHORT_PERIOD_MONTH: domain.Month,
	valuationv1.CohortPeriod_COHORT_PERIOD_WEEK:  domain.Week,
}

// writer makes messages of a table.
type writer struct {
	measure  Measure
	level    float64
	currency string
}

func (w writer) table(t *Table, r *domain.Retention) (*valuationv1.RetentionTable, error) {
	m := &valuationv1.RetentionTable{
		AsOf: timestamppb.New(r.AsOf.Time()), TimeZone: r.Policy.Zone, Customers: r.Customers, CurrencyCode: w.currency,
		OmittedCohorts: t.OmittedCohorts, OmittedCustomers: t.OmittedCustomers, Warnings: warnings(r),
	}
	var err error
	if m.RepeatRate, err = w.share(r.Repeaters, r.Customers); err != nil {
		return nil, err
	}
	if m.Overall, err = w.cells(t.Overall); err != nil {
		return nil, err
	}
	for _, row := range t.Rows {
		cohort := &valuationv1.RetentionCohort{
			Period: row.Period, StartDate: row.FirstDay, Customers: row.Customers, Ended: row.Ended,
		}
		if cohort.RepeatRate, err = w.share(row.Repeaters, row.Customers); err != nil {
			return nil, err
		}
		if cohort.Cells, err = w.cells(row.Entries); err != nil {
			return nil, err
		}
		m.Cohorts = append(m.Cohorts, cohort)
	}
	return m, nil
}

func (w writer) cells(entries []Entry) ([]*valuationv1.RetentionCell, error) {
	cells := make([]*valuationv1.RetentionCell, len(entries))
	for i, e := range entries {
		cell := &valuationv1.RetentionCell{Offset: int32(e.Offset), Base: e.Base}
		cells[i] = cell
		if w.measure.ofMoney() {
			cell.Revenue = w.money(e.Amount)
			if e.Base > 0 {
				cell.RevenuePerCustomer = w.money(perCustomer(e.Amount, e.Base))
			}
			continue
		}
		cell.Customers = &e.Amount
		var err error
		if cell.Share, err = w.share(e.Amount, e.Base); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

func (w writer) money(minor int64) *apiv1.Money {
	return &apiv1.Money{MinorUnits: minor, CurrencyCode: w.currency}
}

// perCustomer is minor units a head, to the nearest, halves up.
func perCustomer(minor, customers int64) int64 {
	twice := new(big.Int).Lsh(big.NewInt(minor), 1)
	return twice.Div(twice.Add(twice, big.NewInt(customers)), new(big.Int).Lsh(big.NewInt(customers), 1)).Int64()
}

// share is a share with its interval, nil of nobody.
func (w writer) share(part, whole int64) (*valuationv1.EstimatedShare, error) {
	if whole == 0 {
		return nil, nil
	}
	e, err := stat.Wilson(part, whole, w.level)
	if err != nil {
		return nil, err
	}
	return &valuationv1.EstimatedShare{
		Value: e.Value, Low: e.Low, High: e.High, Level: e.Level, Method: string(e.Method), N: e.N,
	}, nil
}

func warnings(r *domain.Retention) (all []*apiv1.Warning) {
	for _, w := range r.Warnings {
		all = append(all, &apiv1.Warning{Reason: w.Reason, Message: w.Message})
	}
	return all
}
