package analysis

import (
	"fmt"
	"time"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// Report is the analysis of a file of orders, as `kehu analyze --format json`
// prints it. Shares are fractions; money is decimal text.
type Report struct {
	File              string                 `json:"file"`
	AsOf              string                 `json:"as_of"` // date, its end, in time_zone
	TimeZone          string                 `json:"time_zone"`
	Currency          string                 `json:"currency"` // of all figures of money that name none
	Reconciliation    Reconciliation         `json:"reconciliation"`
	Customers         int64                  `json:"customers"` // with at least one counting order
	Orders            int64                  `json:"orders"`
	Revenue           map[string]string      `json:"revenue"`     // paid less refunded, by currency
	RepeatRate        float64                `json:"repeat_rate"` // share of customers with orders on at least two days
	RFM               RFM                    `json:"rfm"`
	Cohorts           Cohorts                `json:"cohorts"`
	OrderValues       *Distribution[string]  `json:"order_values"`       // null where it is not known
	PurchaseIntervals *Distribution[float64] `json:"purchase_intervals"` // days; null where it is not known
	Concentration     []Concentration        `json:"concentration"`
	Outlook           *Outlook               `json:"outlook"` // null where nothing could be predicted
	TopCustomers      []TopCustomer          `json:"top_customers"`
	Quality           []Issue                `json:"quality"` // what touches most comes first
	Import            Import                 `json:"import"`
	Warnings          []Warning              `json:"warnings"`
	Definitions       []Definition           `json:"definitions"`
	// Generation is the refresh that all this comes from.
	Generation int64 `json:"-"`
}

// RFM is how the customers score.
type RFM struct {
	Ties      string           `json:"ties"`      // "shared" or "ordinal"
	Threshold string           `json:"threshold"` // "mean" or "median": what parts high from low
	Cells     map[string]int64 `json:"cells"`     // customers per cell, e.g. "555"
	Scores    Scores           `json:"scores"`    // customers per score, 1 to 5
	Groups    []Group          `json:"groups"`    // the eight groups
}

// Scores counts the customers per score; index 0 is score 1.
type Scores struct {
	Recency   []int64 `json:"recency"`
	Frequency []int64 `json:"frequency"`
	Monetary  []int64 `json:"monetary"`
}

// TopCustomer is one of the customers with the most revenue.
type TopCustomer struct {
	CustomerID string `json:"customer_id"`
	Orders     int64  `json:"orders"`
	Revenue    string `json:"revenue"`
	Currency   string `json:"currency"`
	FirstOrder string `json:"first_order"` // date in the report's zone
	LastOrder  string `json:"last_order"`  // date in the report's zone
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

// NewReport puts together what an import and a valuation say of a file of
// orders. Refused are the first refused rows, top the customers with the most
// revenue.
func NewReport(imported *profilev1.Import, refused []upload.Refused, summary *valuationv1.ValuationSummary, top []*valuationv1.Valuation) *Report {
	policy := summary.GetPolicy()
	r := &Report{
		File:           imported.GetFileName(),
		AsOf:           policy.GetAsOfDate(),
		TimeZone:       zoneName(policy.GetTimeZone()),
		Currency:       policy.GetCurrencyCode(),
		Reconciliation: ReconciliationOf(imported),
		Customers:      summary.GetCustomers(),
		Orders:         summary.GetOrders(),
		Revenue:        make(map[string]string, len(summary.GetRevenue())),
		RepeatRate:     summary.GetRepeatRate(),
		RFM: RFM{
			Ties: tiesName(policy.GetRfmTies()), Threshold: thresholdName(policy.GetRfmThreshold()),
			Cells:  summary.GetRfmCells(),
			Scores: Scores{Recency: summary.GetRecencyScores(), Frequency: summary.GetFrequencyScores(), Monetary: summary.GetMonetaryScores()},
			Groups: groupsOf(summary),
		},
		Cohorts:           cohortsOf(summary.GetCohorts(), policy.GetCurrencyCode()),
		OrderValues:       moneyDistribution(summary.GetOrderValues(), policy.GetCurrencyCode()),
		PurchaseIntervals: dayDistribution(summary.GetPurchaseIntervals()),
		Concentration:     concentrationOf(summary),
		Outlook:           outlookOf(summary),
		Import:            Import{Rows: imported.GetRows(), Rejected: imported.GetRejected(), RejectedRows: append([]upload.Refused{}, refused...)},
		Warnings:          []Warning{},
		Generation:        summary.GetGeneration(),
	}
	r.Reconciliation.analysed(summary.GetRevenue(), policy.GetReportingCurrencyCode())
	for _, sum := range summary.GetRevenue() {
		r.Revenue[sum.GetCurrencyCode()] = money.Format(sum)
	}
	zone := Location(r.TimeZone)
	for _, v := range top {
		r.TopCustomers = append(r.TopCustomers, topCustomer(v, zone))
	}
	r.warn(imported.GetWarnings())
	if n := imported.GetRejected(); n > 0 {
		r.Warnings = append(r.Warnings, Warning{"ROWS_REJECTED", fmt.Sprintf("%d of %d rows were refused and are not in this analysis", n, imported.GetRows())})
	}
	r.warn(summary.GetWarnings())
	r.Quality = qualityOf(imported, summary, r.Reconciliation)
	r.Definitions = r.definitions()
	return r
}

func (r *Report) warn(warnings []*apiv1.Warning) {
	for _, w := range warnings {
		r.Warnings = append(r.Warnings, Warning{w.GetReason(), w.GetMessage()})
	}
}

func topCustomer(v *valuationv1.Valuation, zone *time.Location) TopCustomer {
	t := TopCustomer{
		CustomerID: v.GetCustomerId(),
		Orders:     v.GetOrders(),
		FirstOrder: v.GetFirstOrderTime().AsTime().In(zone).Format(time.DateOnly),
		LastOrder:  v.GetLastOrderTime().AsTime().In(zone).Format(time.DateOnly),
		Cell:       v.GetRfm().GetCell(),
	}
	if len(v.GetRevenue()) > 0 {
		t.Revenue, t.Currency = money.Format(v.GetRevenue()[0]), v.GetRevenue()[0].GetCurrencyCode()
	}
	return t
}

// Location is the zone of a report. The services have checked its name; UTC
// stands in for one that this machine alone does not know.
func Location(zone string) *time.Location {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return location
}

func zoneName(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

func tiesName(t valuationv1.RfmTies) string {
	if t == valuationv1.RfmTies_RFM_TIES_ORDINAL {
		return "ordinal"
	}
	return "shared"
}

func thresholdName(t valuationv1.RfmThreshold) string {
	if t == valuationv1.RfmThreshold_RFM_THRESHOLD_MEDIAN {
		return "median"
	}
	return "mean"
}
