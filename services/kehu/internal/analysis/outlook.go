package analysis

import (
	"fmt"
	"strings"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Outlook is what fitted models expect of the customers.
type Outlook struct {
	Customers      int64   `json:"customers"`       // with a prediction
	Lost           int64   `json:"lost"`            // of them, those whose risk of no order within the horizon reaches lost_from
	LostFrom       float64 `json:"lost_from"`       // a risk, 0 to 1
	HorizonDays    int64   `json:"horizon_days"`    // that orders and risk look ahead
	ExpectedOrders float64 `json:"expected_orders"` // of all, within the horizon; several of a day are one
	// What all are still to bring in margin within ValueDays, discounted, and how much
	// of it is at stake with those who have probably left; null where no margin is known.
	ResidualValue *string   `json:"residual_value"`
	ValueAtRisk   *string   `json:"value_at_risk"`
	ValueDays     int64     `json:"value_days"`
	MarginRate    *float64  `json:"margin_rate"` // of revenue; null where it is not known
	Models        []string  `json:"models"`
	Warnings      []Warning `json:"warnings"`
}

// outlookOf is nil where nothing was predicted.
func outlookOf(summary *valuationv1.ValuationSummary) *Outlook {
	p := summary.GetPredictions()
	if p.GetCustomers() == 0 {
		return nil
	}
	policy := p.GetPolicy()
	o := &Outlook{
		Customers: p.GetCustomers(), Lost: p.GetChurnedCustomers(), LostFrom: policy.GetChurnThreshold(),
		HorizonDays: int64(policy.GetHorizonDays()), ExpectedOrders: p.GetExpectedOrders(), ValueDays: int64(policy.GetValueHorizonDays()),
		MarginRate: p.MarginRate, Models: policy.GetModels(), Warnings: []Warning{},
	}
	if v := p.GetResidualValue(); v != nil {
		residual, risk := money.Format(v), money.Format(p.GetValueAtRisk())
		o.ResidualValue, o.ValueAtRisk = &residual, &risk
	}
	for _, w := range p.GetWarnings() {
		o.Warnings = append(o.Warnings, Warning{w.GetReason(), w.GetMessage()})
	}
	return o
}

func (r *Report) writeOutlook(p *layout.Page) {
	o := r.Outlook
	if o == nil {
		return
	}
	p.Heading(fmt.Sprintf("Outlook 展望: what models expect of the next %d days", o.HorizonDays))
	facts := [][2]string{
		{"Expected orders 预期订单", fmt.Sprintf("%.0f", o.ExpectedOrders)},
		{"Probably lost 可能流失", fmt.Sprintf("%s of %s customers: a risk of %s or more that no order comes", count(o.Lost), count(o.Customers), percent(o.LostFrom))},
	}
	if o.ResidualValue != nil {
		facts = append(facts,
			[2]string{"Residual value 剩余价值", fmt.Sprintf("%s %s of margin within %d days, discounted", money.Grouped(*o.ResidualValue), r.Currency, o.ValueDays)},
			[2]string{"At risk 流失风险价值", money.Grouped(*o.ValueAtRisk) + " " + r.Currency})
	}
	p.Facts(facts)
	p.Item("by " + strings.Join(o.Models, ", "))
	for _, w := range o.Warnings {
		p.Item(w.Message)
	}
}
