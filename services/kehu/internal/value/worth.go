package value

import (
	"fmt"
	"io"

	"github.com/kehuhq/kehu/pkg/clv"
	currencies "github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Worth is a deterministic lifetime value with its terms and sensitivities. Amounts
// are in minor units.
type Worth struct {
	Currency        string      `json:"currency,omitempty"`
	Historic        int64       `json:"historic_minor"`
	Residual        int64       `json:"residual_minor"`
	Total           int64       `json:"total_minor"`
	Margins         []int64     `json:"margins_minor"` // of each period
	Periods         int         `json:"periods"`
	PeriodsPerYear  int         `json:"periods_per_year"`
	Retention       float64     `json:"retention"` // annual
	PeriodRetention float64     `json:"period_retention"`
	DiscountRate    float64     `json:"discount_rate"` // annual
	PeriodDiscount  float64     `json:"period_discount_rate"`
	Timing          clv.Timing  `json:"timing"`
	Formula         string      `json:"formula"`
	Rounding        string      `json:"rounding"`
	Schedule        []Payment   `json:"schedule"`
	Elasticities    *Elasticity `json:"elasticities"` // null where the residual value is 0
	Sensitivity     []Sensitive `json:"sensitivity"`
}

// Payment is a term of the sum.
type Payment struct {
	T        int     `json:"t"`
	Margin   int64   `json:"margin_minor"`
	Survival float64 `json:"survival"`
	Discount float64 `json:"discount_factor"`
	Value    float64 `json:"value_minor"` // not rounded
}

// Elasticity is the percentage by which the residual value changes for one of the rate.
type Elasticity struct {
	Margin       float64 `json:"margin"`
	Retention    float64 `json:"retention"`
	DiscountRate float64 `json:"discount_rate"`
}

// Sensitive is the residual value under other terms.
type Sensitive struct {
	Periods      int     `json:"periods"`
	DiscountRate float64 `json:"discount_rate"`
	Retention    float64 `json:"retention"`
	Residual     int64   `json:"residual_minor"`
	Change       float64 `json:"change"` // a fraction of the residual value
}

// WorthOf works out a plan, with its sensitivities: half and one and a half times
// the periods, and the annual rates five points lower and higher where that is in
// bounds.
func WorthOf(plan clv.Plan, currency string) (*Worth, error) {
	r, err := clv.Of(plan)
	if err != nil {
		return nil, err
	}
	w := &Worth{
		Currency: currency, Historic: r.Historic, Residual: r.Residual, Total: r.Total,
		Margins: plan.Margins, Periods: len(plan.Margins), PeriodsPerYear: plan.PeriodsPerYear,
		Retention: plan.Retention, PeriodRetention: r.PeriodRetention,
		DiscountRate: plan.DiscountRate, PeriodDiscount: r.PeriodDiscount, Timing: plan.Timing,
		Formula: "sum of margin(t)*r^t/(1+d)^t over t = 0 … periods-1", Rounding: "once, of the whole sum, half to even",
		Sensitivity: []Sensitive{},
	}
	if plan.Timing == clv.End {
		w.Formula = "sum of margin(t)*r^t/(1+d)^t over t = 1 … periods"
	}
	for _, at := range r.Periods {
		w.Schedule = append(w.Schedule, Payment(at))
	}
	if e, err := plan.Elasticities(); err == nil { // otherwise there is nothing to take a share of
		w.Elasticities = &Elasticity{Margin: 1, Retention: e.Retention, DiscountRate: e.DiscountRate}
	}
	n := len(plan.Margins)
	grid, err := plan.Grid(distinct(max(1, n/2), n, min(clv.MaxPeriods, n+(n+1)/2)),
		around(plan.DiscountRate, clv.MaxDiscountRate), around(plan.Retention, 1))
	if err != nil {
		return nil, err
	}
	for _, s := range grid {
		w.Sensitivity = append(w.Sensitivity, Sensitive(s))
	}
	return w, nil
}

func distinct(values ...int) []int {
	var all []int
	for i, v := range values {
		if i == 0 || v != values[i-1] {
			all = append(all, v)
		}
	}
	return all
}

// around is a rate, with those five points lower and higher where they are in bounds.
func around(rate, most float64) []float64 {
	const step = 0.05
	var all []float64
	if rate-step >= 0 {
		all = append(all, rate-step)
	}
	all = append(all, rate)
	if rate+step <= most {
		all = append(all, rate+step)
	}
	return all
}

// amount writes minor units as people do.
func (w *Worth) amount(minor int64) string {
	if w.Currency == "" {
		return fmt.Sprintf("%d minor units", minor)
	}
	decimals, _ := currencies.Decimals(w.Currency)
	return money.Grouped(currencies.Decimal(minor, decimals)) + " " + w.Currency
}

// WriteText prints it for a person.
func (w *Worth) WriteText(to io.Writer, width int) error {
	p := &layout.Page{Width: width}
	p.Title("Customer lifetime value by plan")
	p.Facts([][2]string{
		{"Historic value", w.amount(w.Historic)},
		{"Residual value", w.amount(w.Residual)},
		{"Total", w.amount(w.Total)},
		{"Periods", fmt.Sprintf("%d, %d a year, margins due at the %s", w.Periods, w.PeriodsPerYear, w.Timing)},
		{"Retention", fmt.Sprintf("%g a year, %.6g a period", w.Retention, w.PeriodRetention)},
		{"Discount rate", fmt.Sprintf("%g a year, %.6g a period", w.DiscountRate, w.PeriodDiscount)},
		{"Formula", w.Formula},
		{"Rounded", w.Rounding},
	})
	if e := w.Elasticities; e != nil {
		p.Heading("By how many percent the residual value changes for one percent of")
		p.Facts([][2]string{
			{"margin", fmt.Sprintf("%+.3f", e.Margin)},
			{"retention", fmt.Sprintf("%+.3f", e.Retention)},
			{"discount rate", fmt.Sprintf("%+.3f", e.DiscountRate)},
		})
	}
	p.Heading("Residual value under other terms")
	rows := [][]string{{"periods", "discount rate", "retention", "residual value", "change"}}
	for _, s := range w.Sensitivity {
		rows = append(rows, []string{fmt.Sprint(s.Periods), fmt.Sprintf("%.4g", s.DiscountRate), fmt.Sprintf("%.4g", s.Retention),
			w.amount(s.Residual), fmt.Sprintf("%+.1f%%", 100*s.Change)})
	}
	p.Table(rows)
	_, err := io.WriteString(to, p.String())
	return err
}
