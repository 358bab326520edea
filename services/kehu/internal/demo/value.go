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
	summary, err := analysis.Refresh(ctx, d.conn, &valuationv1.ValuationPolicy{AsOfDate: d.lastDay(0), TimeZone: zone}, d.settings.Progress)
	if err != nil {
		return err
	}
	truth := d.totals()
	d.page.Heading("Customers and what they are worth 客户价值, as of " + d.lastDay(0))
	rows := [][]string{
		{"", "found", "truth"},
		{"customers who bought", count(summary.GetCustomers()), count(int64(truth.Customers)) + " persons and companies"},
		{"orders that count", count(summary.GetOrders()), count(int64(truth.Orders))},
	}
	minor := map[string]int64{d.shop.Config().Currency: truth.RevenueMinor, d.shop.Config().Foreign: truth.ForeignMinor}
	for _, revenue := range summary.GetRevenue() {
		of := &apiv1.Money{MinorUnits: minor[revenue.GetCurrencyCode()], CurrencyCode: revenue.GetCurrencyCode()}
		rows = append(rows, []string{"revenue, " + of.GetCurrencyCode(), money.Format(revenue), money.Format(of)})
	}
	d.page.Table(append(rows, []string{
		"repeat rate 复购率", percent(summary.GetRepeatRate()), percent(float64(truth.RepeatBuyers)/float64(truth.Customers)) + " with two orders or more",
	}))
	d.page.Item(fmt.Sprintf("The file differs from the truth on purpose: %d rows cannot be read, %d are copies, %d customers are in it twice.",
		truth.Remedies[shop.Reject], truth.Remedies[shop.Repeat], truth.Records-truth.Customers))
	d.yourself("kehu value cohorts --measure rolling", "kehu value survival-curve --gaps first")
	return nil
}

// currencies brings all orders into one currency, by the rates that were stated,
// and values the customers anew.
func (d *demo) currencies(ctx context.Context) error {
	summary, err := d.refresh(ctx, 0)
	if err != nil {
		return err
	}
	currency := d.shop.Config().Currency
	truth := &apiv1.Money{MinorUnits: d.totals().ReportMinor, CurrencyCode: currency}
	d.page.Heading("Currencies 币种: nothing is added up across them, unless one is asked for")
	d.page.Table([][]string{
		{"", "found", "truth"},
		{"all revenue in " + currency, money.Format(summary.GetRevenue()[0]), money.Format(truth)},
	})
	d.page.Item(fmt.Sprintf("each order by the rate of its day, of %d rates that the shop stated", len(d.shop.Rates())))
	d.yourself("kehu import rates shop/rates.csv", fmt.Sprintf("kehu valuation refresh-valuations --policy.as-of-date %s --policy.time-zone %s --policy.reporting-currency-code %s --wait", d.lastDay(0), zone, currency))
	d.page.Heading("RFM groups 客户分组")
	analysis.WriteGroups(d.page, summary)
	return nil
}

// refresh values all customers as of some months before the shop's last day.
func (d *demo) refresh(ctx context.Context, monthsBefore int) (*valuationv1.ValuationSummary, error) {
	return analysis.Refresh(ctx, d.conn, &valuationv1.ValuationPolicy{
		AsOfDate: d.lastDay(monthsBefore), TimeZone: zone, ReportingCurrencyCode: d.shop.Config().Currency,
	}, d.settings.Progress)
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
