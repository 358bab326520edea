package standing

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/kehuhq/kehu/pkg/fault"
)

// meters are what operators watch a worker by.
type meters struct {
	rounds    metric.Int64Counter
	customers metric.Int64Counter
}

func unmeasured() meters { return meters{rounds: noop.Int64Counter{}, customers: noop.Int64Counter{}} }

// Measure lets operators watch the worker, by what Prometheus calls:
//
//	kehu_segmentation_rounds_total     rounds of this process, by outcome: done or failed
//	kehu_segmentation_customers_total  customers whom this process has asked about
//	kehu_segmentation_lag_seconds      how long ago everybody stood where the facts put
//	                                   them, whichever process works; none before the first round
//
// It is to be called before the worker works.
func (w *Worker) Measure(provider metric.MeterProvider) error {
	var errs [3]error
	meter := provider.Meter("github.com/kehuhq/kehu/services/segmentation")
	w.meters.rounds, errs[0] = meter.Int64Counter("kehu.segmentation.rounds",
		metric.WithDescription("Rounds of keeping segments up to date, by outcome."))
	w.meters.customers, errs[1] = meter.Int64Counter("kehu.segmentation.customers",
		metric.WithDescription("Customers who were asked about."))
	_, errs[2] = meter.Float64ObservableGauge("kehu.segmentation.lag", metric.WithUnit("s"),
		metric.WithDescription("How long ago everybody stood where the facts put them."),
		metric.WithFloat64Callback(func(ctx context.Context, o metric.Float64Observer) error {
			s, err := w.states.get(ctx)
			if err != nil || s.Evaluated.IsZero() {
				return err
			}
			o.Observe(max(0, w.now().Sub(s.Evaluated).Seconds()))
			return nil
		}))
	return errors.Join(errs[:]...)
}

// round counts a round that is over, unless another process does it or it was broken off.
func (m *meters) round(ctx context.Context, err error) {
	outcome := "done"
	switch {
	case ctx.Err() != nil, fault.ReasonOf(err) == reasonElsewhere:
		return
	case err != nil:
		outcome = "failed"
	}
	m.rounds.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
}
