package app

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/services/valuation/internal/alerts"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
	"github.com/kehuhq/kehu/services/valuation/internal/models"
)

// forecaster is what predicts, nil where nothing is to be or can be predicted.
// Which models it takes is decided once for all runs.
func (r *run) forecaster(ctx context.Context, tally *domain.Tally, dated bool) (*forecast.Forecaster, error) {
	if r.Models == nil || r.policy.Prediction.Disabled || tally.Customers == 0 {
		return nil, nil
	}
	if !r.state.Chosen {
		r.journal.Progress(0, 0, fitting)
		if err := r.choose(ctx, dated); err != nil {
			return nil, err
		}
	}
	if len(r.state.Models) == 0 {
		return nil, nil
	}
	set, err := r.Models.Load(ctx, r.state.Models, r.policy.Currency)
	if err != nil {
		return nil, err
	}
	r.policy.Prediction.Models = set.IDs()
	return forecast.New(set, forecast.Terms{
		Policy: r.policy.Prediction, Margin: tally.Margin(r.policy.Prediction, r.policy.Currency), Currency: r.policy.Currency,
	})
}

// notDated warns that a refresh went on from what an older version had read.
var notDated = domain.Warning{
	Reason:  "NOT_PREDICTED",
	Message: "predictions are left out: part of the orders was read by an older version of the service; another refresh has them",
}

func (r *run) choose(ctx context.Context, dated bool) (err error) {
	r.state.Chosen = true
	if !dated {
		r.state.Warnings = []domain.Warning{notDated}
		return r.checkpoint(ctx)
	}
	_, excluded, err := r.counted(ctx, r.policy.Currency)
	if err != nil {
		return err
	}
	r.state.Models, r.state.Warnings, err = r.Models.Choose(ctx, models.Need{
		Operation: r.operation, Generation: r.state.Generation, Named: r.policy.Prediction.Models, Currency: r.policy.Currency,
		AsOfDate: r.policy.AsOfDate, Zone: r.policy.Zone, Accounts: r.store.Spool.Accounts(ctx, r.state.Generation), Excluded: excluded,
	})
	if err != nil {
		return err
	}
	return r.checkpoint(ctx)
}

// predictions is what the summary says of them, nil where none were to be made.
func (r *run) predictions(forecaster *forecast.Forecaster) *domain.PredictionSummary {
	if forecaster == nil {
		if len(r.state.Warnings) == 0 {
			return nil
		}
		return &domain.PredictionSummary{Margin: domain.Margin{Why: domain.ModelMissing}, Warnings: r.state.Warnings}
	}
	margin := forecaster.Terms.Margin
	s := &domain.PredictionSummary{
		Models: forecaster.Set.IDs(), Margin: margin, Sums: r.state.Sums, Warnings: slices.Clone(r.state.Warnings),
	}
	if margin.Why != domain.Present {
		s.Warnings = append(s.Warnings, domain.Warning{
			Reason:  margin.Why.String(),
			Message: "the value of orders to come is left out, for revenue is no value: state policy.prediction.margin_rate, or the costs of orders that make 80 % of the revenue",
		})
	}
	return s
}

// warn brings the alerts up to date, where no later refresh has been published.
func (r *run) warn(ctx context.Context, published domain.Summary) error {
	if r.Alerts == nil || published.Predictions == nil || len(published.Predictions.Models) == 0 {
		return nil
	}
	current, err := r.store.Publication.Current(ctx)
	if err != nil || current.Generation != published.Generation {
		return err
	}
	r.journal.Progress(0, 0, warning)
	before, err := r.store.Publication.Before(ctx, published.Generation)
	if err != nil {
		return err
	}
	g := alerts.Refresh{
		Generation: published.Generation, Before: before.Generation, Policy: r.policy.Alerts,
		Currency: published.Policy.Currency, Hidden: current.Hides,
		OtherModels: len(before.Models) > 0 && !slices.Equal(before.Models, published.Predictions.Models),
	}
	return r.Alerts.Raise(ctx, g)
}
