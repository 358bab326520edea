package analysis

import (
	"fmt"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// Report is the analysis of a file of orders, as `kehu analyze --format json`
// prints it. Shares are fractions; money is decimal text.
type Report struct {
	AsOf         string            `json:"as_of"` // date, its end, in time_zone
	TimeZone     string            `json:"time_zone"`
	Customers    int64             `json:"customers"` // with at least one counting order
	Orders       int64             `json:"orders"`
	Revenue      map[string]string `json:"revenue"`     // paid less refunded, by currency
	RepeatRate   float64           `json:"repeat_rate"` // share of customers with orders on at least two days
	RFM          RFM               `json:"rfm"`
	TopCustomers []TopCustomer     `json:"top_customers"`
	Import       Import            `json:"import"`
	Warnings     []Warning         `json:"warnings"`
}

// RFM is how the customers score.
type RFM struct {
	Ties   string           `json:"ties"`   // "shared" or "ordinal"
	Cells  map[string]int64 `json:"cells"`  // customers per cell, e.g. "555"
	Scores Scores           `json:"scores"` // customers per score, 1 to 5
	Groups []Group          `json:"groups"` // the eight groups
}

// Scores counts the customers per score; index 0 is score 1.
type Scores struct {
	Recency   []int64 `json:"recency"`
	Frequency []int64 `json:"frequency"`
	Monetary  []int64 `json:"monetary"`
}

// Group is one of the eight RFM groups.
type Group struct {
	Name         string  `json:"name"`    // Chinese, e.g. "重要价值"
	NameEN       string  `json:"name_en"` // English
	Customers    int64   `json:"customers"`
	Revenue      string  `json:"revenue"`
	RevenueShare float64 `json:"revenue_share"`
}

// TopCustomer is one of the customers with the most revenue.
type TopCustomer struct {
	CustomerID string `json:"customer_id"`
	Orders     int64  `json:"orders"`
	Revenue    string `json:"revenue"`
	Currency   string `json:"currency"`
	LastOrder  string `json:"last_order"` // date, UTC
	Cell       string `json:"rfm"`
}

// Import says what became of the file's rows.
type Import struct {
	Rows         int64            `json:"rows"`
	Rejected     int64            `json:"rejected"`
	RejectedRows []upload.Refused `json:"rejected_rows"` // the first of them
}

// Warning is something the reader should know of.
type Warning struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func newReport(imported *profilev1.Import, refused []upload.Refused, summary *valuationv1.ValuationSummary, top []*valuationv1.Valuation) *Report {
	policy := summary.GetPolicy()
	r := &Report{
		AsOf:       policy.GetAsOfDate(),
		TimeZone:   policy.GetTimeZone(),
		Customers:  summary.GetCustomers(),
		Orders:     summary.GetOrders(),
		Revenue:    make(map[string]string, len(summary.GetRevenue())),
		RepeatRate: summary.GetRepeatRate(),
		RFM: RFM{
			Ties:  tiesName(policy.GetRfmTies()),
			Cells: summary.GetRfmCells(),
			Scores: Scores{
				Recency: summary.GetRecencyScores(), Frequency: summary.GetFrequencyScores(), Monetary: summary.GetMonetaryScores(),
			},
		},
		Import:   Import{Rows: imported.GetRows(), Rejected: imported.GetRejected(), RejectedRows: append([]upload.Refused{}, refused...)},
		Warnings: []Warning{},
	}
	for _, sum := range summary.GetRevenue() {
		r.Revenue[sum.GetCurrencyCode()] = money.Format(sum)
	}
	r.RFM.Groups = groupsOf(summary)
	for _, v := range top {
		r.TopCustomers = append(r.TopCustomers, topCustomer(v))
	}
	r.warn(imported.GetWarnings())
	if n := imported.GetRejected(); n > 0 {
		r.Warnings = append(r.Warnings, Warning{"ROWS_REJECTED", fmt.Sprintf("%d of %d rows were refused and are not in this analysis", n, imported.GetRows())})
	}
	r.warn(summary.GetWarnings())
	return r
}

func groupsOf(summary *valuationv1.ValuationSummary) []Group {
	groups := make([]Group, len(summary.GetGroups()))
	for i, g := range summary.GetGroups() {
		groups[i] = Group{
			Name: g.GetNameZh(), NameEN: g.GetNameEn(), Customers: g.GetCustomers(),
			Revenue: money.Format(g.GetRevenue()), RevenueShare: g.GetRevenueShare(),
		}
	}
	return groups
}

func (r *Report) warn(warnings []*apiv1.Warning) {
	for _, w := range warnings {
		r.Warnings = append(r.Warnings, Warning{w.GetReason(), w.GetMessage()})
	}
}

func topCustomer(v *valuationv1.Valuation) TopCustomer {
	t := TopCustomer{
		CustomerID: v.GetCustomerId(),
		Orders:     v.GetOrders(),
		LastOrder:  v.GetLastOrderTime().AsTime().Format("2006-01-02"),
		Cell:       v.GetRfm().GetCell(),
	}
	if len(v.GetRevenue()) > 0 {
		t.Revenue, t.Currency = money.Format(v.GetRevenue()[0]), v.GetRevenue()[0].GetCurrencyCode()
	}
	return t
}

func tiesName(t valuationv1.RfmTies) string {
	if t == valuationv1.RfmTies_RFM_TIES_ORDINAL {
		return "ordinal"
	}
	return "shared"
}
