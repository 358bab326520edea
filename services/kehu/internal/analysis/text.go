package analysis

import (
	"fmt"
	"io"
	"maps"
	"slices"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// WriteText prints the report for a person, in lines of at most width columns:
// the reconciliation first, so that the reader can trust the rest.
func (r *Report) WriteText(w io.Writer, width int) error {
	p := &layout.Page{Width: width}
	p.Title(fmt.Sprintf("Customer analysis as of %s (%s)  客户分析", r.AsOf, r.TimeZone))
	r.Reconciliation.WriteText(p)
	r.writeTotals(p)
	r.writeGroups(p)
	r.writeScores(p)
	r.writeCohorts(p)
	r.writeOutlook(p)
	r.writeTop(p)
	WriteRefused(p, r.Import.RejectedRows)
	r.writeQuality(p)
	_, err := io.WriteString(w, p.String())
	return err
}

func (r *Report) writeTotals(p *layout.Page) {
	p.Heading("Customers 客户")
	facts := [][2]string{
		{"Customers 客户", count(r.Customers)},
		{"Orders 订单", count(r.Orders)},
	}
	for _, code := range slices.Sorted(maps.Keys(r.Revenue)) {
		facts = append(facts, [2]string{"Revenue 收入", money.Grouped(r.Revenue[code]) + " " + code})
	}
	facts = append(facts, [2]string{"Repeat rate 复购率", percent(r.RepeatRate) + " have orders on at least two days"})
	if median, known := r.OrderValues.Quantile(0.5); known {
		facts = append(facts, [2]string{"Order value 每单", fmt.Sprintf("median %s, mean %s %s", money.Grouped(median), money.Grouped(r.OrderValues.Mean), r.Currency)})
	}
	if median, known := r.PurchaseIntervals.Quantile(0.5); known {
		most, _ := r.PurchaseIntervals.Quantile(0.9)
		facts = append(facts, [2]string{"Interval 购买间隔", fmt.Sprintf("half of repeat purchases within %g days, nine in ten within %g", median, most)})
	}
	for _, c := range r.Concentration {
		facts = append(facts, [2]string{fmt.Sprintf("Top %g %% 集中度", 100*c.CustomerShare),
			bring(c.Customers) + " " + percent(c.RevenueShare) + " of the revenue"})
	}
	p.Facts(facts)
}

func (r *Report) writeGroups(p *layout.Page) {
	p.Heading(fmt.Sprintf("RFM groups 客户分组 (ties %s)", r.RFM.Ties))
	writeGroups(p, r.RFM.Groups)
}

func bring(customers int64) string {
	if customers == 1 {
		return "1 customer brings"
	}
	return count(customers) + " customers bring"
}

// WriteGroups sets the eight RFM groups of a summary as bars.
func WriteGroups(p *layout.Page, summary *valuationv1.ValuationSummary) {
	writeGroups(p, groupsOf(summary))
}

func writeGroups(p *layout.Page, groups []Group) {
	var most float64
	for _, g := range groups {
		most = max(most, g.RevenueShare)
	}
	bars := make([]layout.Bar, len(groups))
	for i, g := range groups {
		bars[i] = layout.Bar{
			Label: g.Name + " " + g.NameEN,
			Text:  fmt.Sprintf("%7d customers %6s of revenue", g.Customers, percent(g.RevenueShare)),
			Share: g.RevenueShare, Most: most,
		}
	}
	p.Bars(bars)
}

func (r *Report) writeScores(p *layout.Page) {
	p.Heading("Scores 评分: customers per score, 1 low to 5 high")
	row := func(name string, counts []int64) []string {
		cells := []string{name}
		for _, n := range counts {
			cells = append(cells, fmt.Sprint(n))
		}
		return cells
	}
	p.Table([][]string{
		row("Recency 最近", r.RFM.Scores.Recency),
		row("Frequency 频率", r.RFM.Scores.Frequency),
		row("Monetary 金额", r.RFM.Scores.Monetary),
	})
}

// Cohorts and months behind the first order that a terminal has room for.
const (
	textCohorts = 12
	textMonths  = 6
)

func (r *Report) writeCohorts(p *layout.Page) {
	cohorts := r.Cohorts.WithCustomers()
	if len(cohorts) == 0 {
		return
	}
	p.Heading("Cohorts 留存: customers by first month, share who ordered again n months later")
	header := []string{"first order", "customers"}
	for n := 1; n <= textMonths; n++ {
		header = append(header, fmt.Sprintf("+%d", n))
	}
	rows := [][]string{header}
	for _, c := range cohorts[max(len(cohorts)-textCohorts, 0):] {
		cells := []string{c.Month, count(c.Customers)}
		for n := 1; n <= textMonths && n < len(c.Retention); n++ {
			cells = append(cells, percent(c.Retention[n]))
		}
		rows = append(rows, cells)
	}
	p.Table(rows)
	if older := len(cohorts) - textCohorts; older > 0 {
		p.Item(fmt.Sprintf("the last %d months with new customers; %d older ones are in the JSON and the HTML report", textCohorts, older))
	}
}

func (r *Report) writeTop(p *layout.Page) {
	if len(r.TopCustomers) == 0 {
		return
	}
	p.Heading("Top customers by revenue 收入最高的客户")
	rows := [][]string{{"customer", "revenue", "", "orders", "last order", "RFM"}}
	for _, t := range r.TopCustomers {
		rows = append(rows, []string{t.CustomerID, money.Grouped(t.Revenue), t.Currency, fmt.Sprint(t.Orders), t.LastOrder, t.Cell})
	}
	p.Table(rows)
}

// WriteRefused sets a few refused rows and why they were.
func WriteRefused(p *layout.Page, refused []upload.Refused) {
	if len(refused) == 0 {
		return
	}
	p.Heading("Refused rows 被拒行, the first of them")
	rows := [][]string{{"row", "column", "value", "why"}}
	for _, r := range refused {
		rows = append(rows, []string{fmt.Sprint(r.Row), r.Column, r.Value, r.Message})
	}
	p.Table(rows)
}

// writeQuality names the issues and what to do about them.
func (r *Report) writeQuality(p *layout.Page) {
	if len(r.Quality) == 0 {
		return
	}
	p.Heading("To know and to mend 数据质量")
	for _, issue := range r.Quality {
		p.Item(issue.text())
	}
}

func (i Issue) text() string {
	text := i.Title.EN
	if i.Column != "" {
		text += " in column " + i.Column
	}
	if i.Rows > 0 {
		text += fmt.Sprintf(", rows: %s", count(i.Rows))
	}
	if i.Orders > 0 {
		text += fmt.Sprintf(", orders: %s", count(i.Orders))
	}
	for _, code := range slices.Sorted(maps.Keys(i.Revenue)) {
		text += ", " + amount(i.Revenue[code], code)
	}
	if i.FirstRow > 0 {
		text += fmt.Sprintf(", first in row %d", i.FirstRow)
	}
	text += "."
	if i.Detail != "" && i.FirstRow == 0 { // a refused row's is in the list of rows
		text += " " + i.Detail + "."
	}
	return text + " " + i.Fix.EN
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
