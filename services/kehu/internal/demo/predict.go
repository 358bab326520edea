package demo

import (
	"context"
	"errors"
	"fmt"
	"io"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// predict fits the models to all but the last half year, holds them against it,
// and shows what they expect beside the truth of the shop.
func (d *demo) predict(ctx context.Context) error {
	fitted, err := analysis.Fit(ctx, d.conn, &valuationv1.FitModelsRequest{
		CalibrationEndDate: d.lastDay(6), HoldoutEndDate: d.lastDay(0), TimeZone: zone,
	}, d.settings.Progress)
	if err != nil {
		return err
	}
	d.page.Heading("Models 预测模型: fitted up to " + d.lastDay(6) + ", held against the half year after it")
	findings.Models(fitted.GetModels(), nil).Set(d.page)
	d.yourself("kehu models fit --calibration-end "+d.lastDay(6)+" --end "+d.lastDay(0)+" --zone "+zone, "kehu models list")
	d.parameters(fitted.GetModels())
	return d.expected(ctx)
}

// parameters compares the estimates with the law by which the shop was drawn.
func (d *demo) parameters(all []*valuationv1.Model) {
	law, spend := d.shop.Config().Purchases, d.shop.Config().Spend
	truth := map[valuationv1.ModelKind][]float64{
		valuationv1.ModelKind_MODEL_KIND_BG_NBD:      {law.R, law.Alpha, law.A, law.B},
		valuationv1.ModelKind_MODEL_KIND_GAMMA_GAMMA: {spend.P, spend.Q, spend.Gamma},
	}
	rows := [][]string{{"parameter", "found", "lower", "upper", "truth"}}
	for _, m := range all {
		values := truth[m.GetKind()]
		for i, p := range m.GetParameters() {
			if i < len(values) {
				rows = append(rows, []string{
					p.GetName(), decimal(p.GetValue()), decimal(p.GetLower()), decimal(p.GetUpper()), decimal(values[i]),
				})
			}
		}
	}
	if len(rows) > 1 {
		d.page.Heading("What the shop was drawn from")
		d.page.Table(rows)
		d.page.Item("Intervals of 95 %. The file differs from the truth on purpose: copies of customers and late orders move the estimates.")
	}
}

func decimal(v float64) string { return fmt.Sprintf("%.3f", v) }

// expected shows what is expected of the base, of a few customers, and who is warned of.
func (d *demo) expected(ctx context.Context) error {
	summary, err := d.refresh(ctx, 0)
	if err != nil {
		return err
	}
	found := findings.Predictions(summary)
	d.page.Heading(found.Title)
	found.Set(d.page)
	alive, err := d.sumAlive(ctx)
	if err != nil {
		return err
	}
	truly := 0
	for c := range d.shop.Customers() {
		if p := d.shop.Person(c); p.Alive && p.Repeats > 0 {
			truly++
		}
	}
	d.page.Table([][]string{
		{"", "expected", "truth"},
		{"customers with a repeat who have not left", fmt.Sprintf("%.0f", alive), fmt.Sprint(truly)},
	})
	top, err := valuationv1.NewValuationServiceClient(d.conn).ListValuations(ctx, &valuationv1.ListValuationsRequest{PageSize: 5, OrderBy: "residual_value desc"})
	if err != nil {
		return err
	}
	rows := [][]string{{"customer", "P(alive)", "orders in a year", "per order", "residual value", "next order in days"}}
	for _, v := range top.GetValuations() {
		p := v.GetPrediction()
		rows = append(rows, []string{
			v.GetCustomerId(), percent(p.GetAliveProbability()), fmt.Sprintf("%.1f", p.GetExpectedOrders()),
			money.Format(p.GetExpectedOrderValue()), money.Format(p.GetResidualValue()), fmt.Sprintf("%.0f", p.GetNextOrderDays()),
		})
	}
	d.page.Table(rows)
	d.yourself("kehu value refresh"+d.asOf(), "kehu valuation list-valuations --order-by 'residual_value desc'")
	return d.warned(ctx)
}

// sumAlive is how many of those with a repeat are expected not to have left. Of the
// others the models differ: by BG/NBD, from which the shop is drawn, none has.
func (d *demo) sumAlive(ctx context.Context) (sum float64, _ error) {
	stream, err := valuationv1.NewValuationServiceClient(d.conn).StreamValuations(ctx, &valuationv1.StreamValuationsRequest{})
	if err != nil {
		return 0, err
	}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			return 0, err
		}
		for _, v := range batch.GetValuations() {
			if v.GetOrderDays() > 1 {
				sum += v.GetPrediction().GetAliveProbability()
			}
		}
	}
}

func (d *demo) warned(ctx context.Context) error {
	answer, err := valuationv1.NewAlertServiceClient(d.conn).ListAlerts(ctx, &valuationv1.ListAlertsRequest{PageSize: 5})
	if err != nil {
		return err
	}
	found := findings.Alerts(answer.GetAlerts(), nil, "en")
	d.page.Heading(found.Title)
	found.Set(d.page)
	d.yourself("kehu alerts list", "kehu alerts acknowledge ALERT --by NAME", "kehu value aggregate --rfm-group important-value")
	return nil
}
