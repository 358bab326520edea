package findings

import (
	"fmt"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// indicatorHeader is that of what indicatorRow makes.
var indicatorHeader = []string{"customers", "value per customer", "value to come", "order days per year", "repeat rate", "satisfaction", "retention", "referral index"}

func indicatorRow(g *valuationv1.GroupIndicators) []any {
	row := []any{g.GetCustomers(), nil, nil, nil, Share(g.GetFrequency().GetRepeatRate()), nil, nil, nil}
	if m := g.GetValue().GetHistoricValuePerCustomer(); m != nil {
		row[1] = m
	}
	if m := g.GetValue().GetResidualValuePerCustomer(); m != nil {
		row[2] = m
	}
	if x := g.GetFrequency().OrderDaysPerYear; x != nil {
		row[3] = *x
	}
	if s := g.GetSatisfaction(); s.Mean != nil {
		row[5] = fmt.Sprintf("%.2f (%d)", s.GetMean(), s.GetAnswers())
	}
	if r := g.GetRetention(); r.Rate != nil {
		row[6] = Share(r.GetRate())
	}
	if x := g.GetReferral().Index; x != nil {
		row[7] = fmt.Sprintf("%.0f", *x)
	}
	return row
}

// GroupIndicators sets the indicators of all groups as of one date.
func GroupIndicators(r *valuationv1.ListIndicatorsResponse) *Finding {
	f := &Finding{Answer: r, Title: "Indicators 指标体系", Header: append([]string{"group"}, indicatorHeader...)}
	for i, g := range r.GetIndicators() {
		if i == 0 {
			f.Title += ", as of " + g.GetAsOfDate()
			f.indicatorNotes(g)
		}
		name := g.GetNameZh()
		if name == "" {
			name = g.GetNameEn()
		}
		if name == "" {
			name = g.GetGroup()
		}
		f.Rows = append(f.Rows, append([]any{name}, indicatorRow(g)...))
	}
	return f
}

func (f *Finding) indicatorNotes(g *valuationv1.GroupIndicators) {
	f.Notes = append(f.Notes,
		"value is revenue less cost, where costs are known, per customer; value to come is what models expect, discounted; retention is the share of customers of more than a year who ordered within the last",
		"satisfaction is the mean of last answers, 0 to 1, with their number; the referral index of the average customer is 100")
	f.sources(g.GetSources())
}

// IndicatorSeries sets the indicators of one group over time.
func IndicatorSeries(r *valuationv1.QueryIndicatorsResponse, group string) *Finding {
	f := &Finding{Answer: r, Title: "Indicators 指标体系 of " + group, Header: append([]string{"period"}, indicatorHeader...)}
	var last *valuationv1.GroupIndicators
	blank := 0
	for _, p := range r.GetPoints() {
		name := p.GetStartDate()
		if p.GetEndDate() != p.GetStartDate() {
			name += " to " + p.GetEndDate()
		}
		row := append([]any{name}, make([]any, len(indicatorHeader))...)
		if g := p.GetIndicators(); g != nil {
			row = append([]any{name}, indicatorRow(g)...)
			last = g
		} else {
			blank++
		}
		f.Rows = append(f.Rows, row)
	}
	if blank > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d periods are blank: they are not over, or no snapshot is of them", blank))
	}
	if last != nil {
		f.indicatorNotes(last)
	}
	return f
}

// Influence sets what a customer is worth beyond the own orders.
func Influence(i *valuationv1.Influence) *Finding {
	f := &Finding{
		Answer: i, Title: fmt.Sprintf("Customer value 客户价值 of %s, against %s customers", i.GetCustomerId(), text(i.GetCustomers())),
		Header: []string{"part", "percentile", "by"},
	}
	p, l, w := i.GetPurchasingPower(), i.GetLoyalty(), i.GetWordOfMouth()
	f.Rows = append(f.Rows, []any{"purchasing power 购买力", p.GetScore(), fmt.Sprintf("%s on %d days", Amount(p.GetRevenue()), p.GetOrderDays())})
	loyalty := []any{"loyalty 忠诚度", nil, "not known: " + l.GetReason()}
	if l.Score != nil {
		loyalty = []any{loyalty[0], l.GetScore(), fmt.Sprintf("%.1f of 100 by %s, tier %s", l.GetPolicyScore(), l.GetPolicy(), tierText(l.GetTier(), ""))}
	}
	mouth := []any{"word of mouth 口碑影响力", nil, "not known: " + w.GetReason()}
	if w.Score != nil {
		by := fmt.Sprintf("%d brought who bought", w.GetQualifiedReferrals())
		if w.ReferralIndex != nil {
			by += fmt.Sprintf(", referral index %.0f", w.GetReferralIndex())
		}
		mouth = []any{mouth[0], w.GetScore(), by}
		f.Notes = append(f.Notes,
			fmt.Sprintf("reach: %d directly, %d through them; each customer counts once, at the least number of steps", w.GetDirectReach(), w.GetIndirectReach()),
			"brought directly: "+referred(w.GetDirect()), "through them: "+referred(w.GetIndirect()))
	}
	f.Rows = append(f.Rows, loyalty, mouth)
	f.Notes = append(f.Notes, "the three parts stand side by side and are not added up")
	f.sources(i.GetSources())
	f.warn(i.GetWarnings())
	return f
}

func referred(v *valuationv1.ReferredValue) string {
	if v.GetCustomersWithOrders() == 0 {
		return "nobody with orders"
	}
	line := fmt.Sprintf("%d with orders, revenue %s", v.GetCustomersWithOrders(), Amount(v.GetRevenue()))
	if v.GetHistoricValue() != nil {
		line += fmt.Sprintf(", historic value %s of %d", Amount(v.GetHistoricValue()), v.GetCustomersWithHistoricValue())
	}
	if v.GetResidualValue() != nil {
		line += fmt.Sprintf(", residual value %s of %d", Amount(v.GetResidualValue()), v.GetCustomersWithResidualValue())
	}
	return line
}
