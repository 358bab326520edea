package analysis

import (
	"fmt"

	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// WriteText sets the way from rows to net revenue, month by month.
func (r Reconciliation) WriteText(p *layout.Page) {
	p.Heading(fmt.Sprintf("Reconciliation 对账 (%s, months of %s)", r.File, r.TimeZone))
	p.Facts([][2]string{
		{"Rows 行", fmt.Sprintf("%s = %s order rows + %s skipped + %s refused", count(r.Rows), count(r.Records), count(r.Skipped), count(r.Refused))},
	})
	if len(r.Totals) == 0 {
		return
	}
	for _, total := range r.Totals {
		p.Facts([][2]string{{"Orders 订单", fmt.Sprintf("%s in %s = %s paid + %s unpaid + %s closed",
			count(total.Orders), total.Currency, count(total.PaidOrders), count(total.UnpaidOrders), count(total.ClosedOrders))}})
	}
	header := []string{"month", "orders", "paid", "paid amount", "refunded", "net", ""}
	if years := r.Years(); years != nil {
		header[0] = "year"
		p.Table(r.table(header, years))
		header[0] = "month"
		p.Item(fmt.Sprintf("by year, since there are more than %d months; the last %d of them:", mostMonths, lastMonths))
		p.Table(withoutTotals(r.table(header, r.LastMonths()), len(r.Totals)))
	} else {
		p.Table(r.table(header, r.Months))
	}
	if r.Converted != nil {
		p.Item(fmt.Sprintf("in the customer analysis: %s, every order converted by the exchange rate of its day",
			amount(r.Converted.Analysed, r.Converted.Currency)))
	}
	for _, total := range r.Totals {
		if total.Analysed != nil {
			p.Item(fmt.Sprintf("in the customer analysis: %s = net %s - %s without a buyer - %s after the as-of date",
				amount(*total.Analysed, total.Currency), amount(total.Net, ""), amount(total.AnonymousNet, ""), amount(*total.Later, "")))
		}
	}
}

// table is the lines with a header above and the totals below.
func (r Reconciliation) table(header []string, lines []Line) [][]string {
	rows := [][]string{header}
	for _, line := range lines {
		name := line.Period
		if name == "" {
			name = "no time"
		}
		rows = append(rows, line.row(name))
	}
	for _, total := range r.Totals {
		rows = append(rows, total.row("all 合计"))
	}
	return rows
}

func withoutTotals(rows [][]string, totals int) [][]string { return rows[:len(rows)-totals] }

func (l Line) row(name string) []string {
	return []string{
		name, count(l.Orders), count(l.PaidOrders), amount(l.Paid, ""), amount(l.Refunded, ""), amount(l.Net, ""), l.Currency,
	}
}

func count(n int64) string { return money.Grouped(fmt.Sprint(n)) }

func amount(a money.Amount, currency string) string {
	text := money.Grouped(a.String())
	if currency != "" {
		text += " " + currency
	}
	return text
}
