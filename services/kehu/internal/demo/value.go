package demo

import (
	"context"
	"fmt"
	"strconv"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// value values all customers as of the shop's last day, and holds the totals
// against the truth that the shop was drawn from.
func (d *demo) value(ctx context.Context) error {
	summary, err := d.refresh(ctx, 0)
	if err != nil {
		return err
	}
	truth := d.shop.Totals()
	currency := d.shop.Config().Currency
	d.page.Heading("Customers and what they are worth 客户价值, as of " + d.lastDay(0))
	d.page.Table([][]string{
		{"", "found", "truth"},
		{"customers who bought", count(summary.GetCustomers()), count(int64(truth.Customers)) + " persons and companies"},
		{"orders that count", count(summary.GetOrders()), count(int64(truth.Orders))},
		{"revenue, " + currency, money.Format(summary.GetRevenue()[0]), money.Format(&apiv1.Money{MinorUnits: truth.RevenueMinor, CurrencyCode: currency})},
		{"repeat rate 复购率", percent(summary.GetRepeatRate()), percent(float64(truth.RepeatBuyers)/float64(truth.Customers)) + " with two orders or more"},
	})
	d.page.Item(fmt.Sprintf("The file differs from the truth on purpose: %d rows cannot be read, %d are copies, %d customers are in it twice.",
		truth.Remedies[shop.Reject], truth.Remedies[shop.Drop]+truth.Remedies[shop.Repeat], truth.Records-truth.Customers))
	d.page.Heading("RFM groups 客户分组")
	analysis.WriteGroups(d.page, summary)
	return nil
}

// refresh values all customers as of some months before the shop's last day.
func (d *demo) refresh(ctx context.Context, monthsBefore int) (*valuationv1.ValuationSummary, error) {
	return analysis.Refresh(ctx, d.conn, &valuationv1.ValuationPolicy{
		AsOfDate: d.lastDay(monthsBefore), TimeZone: zone,
	}, d.settings.Progress)
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
