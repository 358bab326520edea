package models

import (
	"context"
	"fmt"
	"math"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
)

// slugs name the kinds in ids.
var slugs = map[forecast.Kind]string{
	forecast.BGNBD: "bg-nbd", forecast.MBGNBD: "mbg-nbd", forecast.ParetoNBD: "pareto-nbd",
	forecast.GammaGamma: "gamma-gamma", forecast.PoissonRegression: "poisson-regression",
}

// fitter fits models to a sample.
type fitter struct {
	sample    *sample
	operation string
	suffix    string // of the ids
	currency  string // of spend
	cells     *btyd.Cells
}

// fresh is a record of a kind without estimates.
func (f *fitter) fresh(kind forecast.Kind) *model {
	w := f.sample.window
	customers, repeat := f.sample.customers()
	m := &model{Kind: kind, Operation: f.operation, Data: data{
		Start: domain.Date(f.sample.start()), CalibrationEnd: domain.Date(w.calibration.Day), Zone: w.zone, UnitDays: w.unitDays,
		Customers: customers, RepeatBuyers: repeat, WithoutConsent: f.sample.excluded,
	}}
	m.ID = slugs[kind] + "-" + f.suffix
	if w.holds() {
		m.Data.HoldoutEnd = domain.Date(w.holdout.Day)
	}
	return m
}

// fit fits a model. What the data cannot support becomes the record's failure;
// any other error ends the work.
func (f *fitter) fit(ctx context.Context, kind forecast.Kind) (*model, error) {
	m := f.fresh(kind)
	var err error
	switch kind {
	case forecast.GammaGamma:
		err = f.fitSpend(ctx, m)
	case forecast.PoissonRegression:
		err = f.fitBaseline(m)
	default:
		err = f.fitPurchases(ctx, m)
	}
	if refusal, is := fault.As(err); is && (refusal.Kind == fault.FailedPrecondition || refusal.Kind == fault.OutOfRange || refusal.Kind == fault.InvalidArgument) {
		failed := f.fresh(kind)
		failed.Data = m.Data
		failed.Failure = &domain.Warning{Reason: refusal.Reason, Message: refusal.Message}
		return failed, nil
	}
	return m, err
}

func (f *fitter) fitPurchases(ctx context.Context, m *model) (err error) {
	if f.cells == nil {
		if f.cells, err = f.sample.purchases(); err != nil {
			return err
		}
	}
	var e *btyd.Estimate
	switch m.Kind {
	case forecast.BGNBD:
		_, e, err = btyd.FitBGNBD(ctx, f.cells, btyd.Options{})
	case forecast.MBGNBD:
		_, e, err = btyd.FitMBGNBD(ctx, f.cells, btyd.Options{})
	case forecast.ParetoNBD:
		_, e, err = btyd.FitParetoNBD(ctx, f.cells, btyd.Options{})
	default:
		err = fmt.Errorf("models: kind %d is no model of purchases", m.Kind)
	}
	if err != nil {
		return err
	}
	m.take(e)
	if !f.sample.window.holds() {
		return nil
	}
	return f.holdOut(m)
}

// holdOut holds a model of purchases against what it has not seen.
func (f *fitter) holdOut(m *model) error {
	predictor, err := m.forecasting().Purchases()
	if err != nil {
		return err
	}
	if m.Holdout, err = f.sample.heldAgainst(predictor); err != nil {
		return err
	}
	m.Holdout.Tracking, err = f.sample.tracking(func(days int64) (float64, error) {
		return predictor.ExpectedNew(float64(days) / f.sample.window.unitDays)
	})
	return err
}

func (f *fitter) fitSpend(ctx context.Context, m *model) error {
	m.Data.Currency = f.currency
	cells := f.sample.spend[f.currency]
	if cells == nil {
		cells = &btyd.SpendCells{}
	}
	m.Data.Customers = int64(cells.Customers())
	m.Data.RepeatBuyers = m.Data.Customers
	m.Data.WithoutSpending = int64(cells.NotPositive)
	_, e, err := btyd.FitGammaGamma(ctx, cells, btyd.Options{})
	if err != nil {
		return err
	}
	m.take(e)
	return nil
}

func (f *fitter) fitBaseline(m *model) error {
	b, err := f.sample.fitBaseline()
	if err != nil {
		return err
	}
	p := b.fitted
	m.LogLikelihood, m.Gradient, m.Iterations, m.Converged = p.LogLikelihood, p.Gradient, int64(p.Iterations), true
	const level, z = 0.95, 1.959963984540054
	for i, v := range p.Coefficients {
		deviation := math.Sqrt(p.Covariance[i][i])
		lower, upper := v-z*deviation, v+z*deviation
		m.Parameters = append(m.Parameters, parameter{
			Name: baselineNames[i], Value: v, Error: &deviation, Lower: &lower, Upper: &upper, Level: level, Interval: "WALD",
		})
	}
	m.Holdout, err = f.sample.heldAgainst(b)
	return err
}

// take writes an estimate into the record.
func (m *model) take(e *btyd.Estimate) {
	m.LogLikelihood, m.Gradient, m.Iterations, m.Converged = e.LogLikelihood, e.Gradient, int64(e.Iterations), e.Converged
	m.LogCovariance = e.Covariance
	for _, w := range e.Warnings {
		m.Warnings = append(m.Warnings, domain.Warning{Reason: w.Reason, Message: w.Message})
	}
	for _, p := range e.Parameters {
		own := parameter{Name: p.Name, Value: p.Value, Level: e.Level, Interval: "DELTA_LOG"}
		if p.Method != btyd.MethodDelta {
			own.Interval = "PROFILE_LIKELIHOOD"
		}
		if p.StandardError > 0 {
			own.Error = &p.StandardError
		}
		if !p.LowerOpen && told(p.Lower) {
			own.Lower = &p.Lower
		}
		if !p.UpperOpen && told(p.Upper) {
			own.Upper = &p.Upper
		}
		m.Parameters = append(m.Parameters, own)
	}
}

func told(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// compare notes on models of purchases how the baseline did on the same hold-out.
func compare(all []*model) {
	var base *model
	for _, m := range all {
		if m.Kind == forecast.PoissonRegression && m.Holdout != nil {
			base = m
		}
	}
	if base == nil {
		return
	}
	for _, m := range all {
		if m.Holdout == nil || m == base {
			continue
		}
		own, other := m.Holdout.Scores, base.Holdout.Scores
		m.Holdout.Baseline, m.Holdout.BaselineScores = base.ID, &other
		if own.MAE >= other.MAE || own.RMSE >= other.RMSE {
			m.Warnings = append(m.Warnings, domain.Warning{
				Reason: "BASELINE_NOT_BEATEN",
				Message: fmt.Sprintf("the regression predicted the hold-out as well or better: mean absolute error %.4f against %.4f, root mean squared error %.4f against %.4f",
					other.MAE, own.MAE, other.RMSE, own.RMSE),
			})
		}
	}
}
