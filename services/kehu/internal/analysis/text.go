package analysis

import (
	"fmt"
	"io"
	"maps"
	"slices"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// WriteText prints the report for a person, in lines of at most width columns.
func (r *Report) WriteText(w io.Writer, width int) error {
	p := &layout.Page{Width: width}
	p.Title(fmt.Sprintf("Customer analysis as of %s (%s)  客户分析", r.AsOf, zoneName(r.TimeZone)))
	r.writeTotals(p)
	r.writeGroups(p)
	r.writeScores(p)
	r.writeTop(p)
	WriteRefused(p, r.Import.RejectedRows)
	r.writeWarnings(p)
	_, err := io.WriteString(w, p.String())
	return err
}

func zoneName(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

func (r *Report) writeTotals(p *layout.Page) {
	facts := [][2]string{
		{"Customers 客户", fmt.Sprint(r.Customers)},
		{"Orders 订单", fmt.Sprint(r.Orders)},
	}
	for _, code := range slices.Sorted(maps.Keys(r.Revenue)) {
		facts = append(facts, [2]string{"Revenue 收入", r.Revenue[code] + " " + code})
	}
	p.Facts(append(facts,
		[2]string{"Repeat rate 复购率", percent(r.RepeatRate) + " have orders on at least two days"},
		[2]string{"Rows 行", fmt.Sprintf("%d read, %d refused", r.Import.Rows, r.Import.Rejected)},
	))
}

func (r *Report) writeGroups(p *layout.Page) {
	p.Heading(fmt.Sprintf("RFM groups 客户分组 (ties %s)", r.RFM.Ties))
	writeGroups(p, r.RFM.Groups)
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

func (r *Report) writeTop(p *layout.Page) {
	if len(r.TopCustomers) == 0 {
		return
	}
	p.Heading("Top customers by revenue 收入最高的客户")
	rows := [][]string{{"customer", "revenue", "orders", "last order", "RFM"}}
	for _, t := range r.TopCustomers {
		rows = append(rows, []string{t.CustomerID, t.Revenue + " " + t.Currency, fmt.Sprint(t.Orders), t.LastOrder, t.Cell})
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

func (r *Report) writeWarnings(p *layout.Page) {
	if len(r.Warnings) == 0 {
		return
	}
	p.Heading("To know 请注意")
	for _, w := range r.Warnings {
		p.Item(w.Message)
	}
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
