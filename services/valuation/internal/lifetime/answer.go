package lifetime

import (
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/clv"
	"github.com/kehuhq/kehu/pkg/fault"
)

const (
	stated  = valuationv1.LifetimeSource_LIFETIME_SOURCE_STATED
	history = valuationv1.LifetimeSource_LIFETIME_SOURCE_HISTORY
	cohorts = valuationv1.LifetimeSource_LIFETIME_SOURCE_COHORTS
)

// answer is what is known of a plan, and where it is from.
type answer struct {
	known
	name, currency                string
	marginSource, retentionSource valuationv1.LifetimeSource
	basis                         string
	historic                      *int64 // nil where it is not known
	warnings                      []*apiv1.Warning
}

func (a *answer) warn(reason, message string) {
	a.warnings = append(a.warnings, &apiv1.Warning{Reason: reason, Message: message})
}

// margins sets the margins of a plan, and what was earned so far.
func (a *answer) margins(r *valuationv1.ComputeLifetimeValueRequest, plan *clv.Plan, periods int) error {
	if a.currency == "" {
		a.currency = a.known.currency
	}
	if v := a.valuation; v != nil {
		own := v.Revenue[0].Currency
		if a.currency != own {
			return fault.Invalid("currency_code", "must be empty or %q, in which the customer is valued, is %q: margins in two currencies are never added up", own, a.currency)
		}
		if v.Historic.Known {
			a.historic, plan.Historic = &v.Historic.Minor, v.Historic.Minor
			if v.Coverage < 1 {
				a.warn("MARGIN_PARTIAL", "the cost of goods is known of some orders only: historic value is of those, and the others are left out")
			}
		} else {
			a.warn("HISTORIC_UNKNOWN", "no order has a known cost of its goods: there is no historic value, and no total")
		}
		if len(v.Revenue) > 1 {
			a.warn("MIXED_CURRENCIES", "orders in other currencies than "+own+" are left out")
		}
	}
	a.marginSource = stated
	switch given := r.GetMarginMinorUnits(); len(given) {
	case 0:
		margin, err := perPeriod(a.valuation, *a.asOf, plan.PeriodsPerYear)
		if err != nil {
			return err
		}
		a.marginSource, plan.Margins = history, clv.Level(margin, periods)
	case 1:
		plan.Margins = clv.Level(given[0], periods)
	default:
		plan.Margins = given
	}
	return nil
}

// retention sets the retention of a plan.
func (a *answer) retention(r *valuationv1.ComputeLifetimeValueRequest, plan *clv.Plan) (err error) {
	if r.Retention != nil {
		a.retentionSource, plan.Retention = stated, r.GetRetention()
		return nil
	}
	a.retentionSource = cohorts
	if plan.Retention, a.basis, err = annual(a.counted); err != nil {
		return err
	}
	a.warn("RETENTION_OF_ALL", "retention is that of all customers, and too low as far as some who were away will come back: a model fitted to the purchases tells more")
	return nil
}

func (a *answer) money(minor int64) *apiv1.Money {
	return &apiv1.Money{MinorUnits: minor, CurrencyCode: a.currency}
}

func (a *answer) proto(r *valuationv1.ComputeLifetimeValueRequest, plan clv.Plan, result *clv.Result) (*valuationv1.LifetimeValue, error) {
	timing := valuationv1.LifetimeTiming_LIFETIME_TIMING_END
	if plan.Timing == clv.Start {
		timing = valuationv1.LifetimeTiming_LIFETIME_TIMING_START
	}
	m := &valuationv1.LifetimeValue{
		Name: a.name, Generation: a.generation, Residual: a.money(result.Residual),
		Assumptions: &valuationv1.LifetimeAssumptions{
			MarginMinorUnits: plan.Margins, CurrencyCode: a.currency, MarginSource: a.marginSource,
			PeriodsPerYear: int32(plan.PeriodsPerYear), Retention: plan.Retention, RetentionSource: a.retentionSource,
			RetentionBasis: a.basis, DiscountRate: plan.DiscountRate, Timing: timing,
			PeriodRetention: result.PeriodRetention, PeriodDiscountRate: result.PeriodDiscount,
		},
		Warnings: a.warnings,
	}
	if a.asOf != nil {
		m.AsOf = timestamppb.New(a.asOf.Time())
	}
	if a.historic != nil {
		m.Historic, m.Total = a.money(*a.historic), a.money(result.Total)
	}
	for _, p := range result.Periods {
		m.Terms = append(m.Terms, &valuationv1.LifetimeTerm{
			T: int32(p.T), MarginMinorUnits: p.Margin, Survival: p.Survival, Discount: p.Discount, Value: p.Value,
		})
	}
	return m, a.sensitivities(m, r, plan)
}

// sensitivities adds how the residual value answers to what was assumed.
func (a *answer) sensitivities(m *valuationv1.LifetimeValue, r *valuationv1.ComputeLifetimeValueRequest, plan clv.Plan) error {
	e, err := plan.Elasticities()
	var f *fault.Fault
	switch {
	case err == nil:
		m.Elasticities = &valuationv1.LifetimeElasticities{Retention: e.Retention, DiscountRate: e.DiscountRate, Years: e.Years}
	case errors.As(err, &f) && f.Reason == "VALUE_ZERO":
	default:
		return err
	}
	periods, rates, retentions := scenarios(r, plan)
	grid, err := plan.Grid(periods, rates, retentions)
	if err != nil {
		return err
	}
	for _, s := range grid {
		m.Scenarios = append(m.Scenarios, &valuationv1.LifetimeScenario{
			Periods: int32(s.Periods), DiscountRate: s.DiscountRate, Retention: s.Retention, Residual: a.money(s.Residual), Change: s.Change,
		})
	}
	return nil
}

// step is how far rates lie apart in the scenarios that nobody asked for.
const step = 0.05

// scenarios are those asked for, or those around the plan.
func scenarios(r *valuationv1.ComputeLifetimeValueRequest, plan clv.Plan) (periods []int, rates, retentions []float64) {
	for _, n := range r.GetScenarioPeriods() {
		periods = append(periods, int(n))
	}
	rates, retentions = r.GetScenarioDiscountRates(), r.GetScenarioRetentions()
	if len(periods)+len(rates)+len(retentions) > 0 {
		return periods, rates, retentions
	}
	n := len(plan.Margins)
	return []int{(n + 1) / 2, n, min(2*n, clv.MaxPeriods)},
		[]float64{max(plan.DiscountRate-step, 0), plan.DiscountRate, min(plan.DiscountRate+step, clv.MaxDiscountRate)},
		[]float64{max(plan.Retention-step, 0), plan.Retention, min(plan.Retention+step, 1)}
}
