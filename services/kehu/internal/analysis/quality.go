package analysis

import (
	"cmp"
	"math"
	"slices"
	"strings"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/words"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Issue is something about the data that takes away from the analysis, or that
// its reader should know. Rows, orders and revenue are what it touches, as far
// as that is known.
type Issue struct {
	Code     string                  `json:"code"`
	Column   string                  `json:"column,omitempty"` // as the file has it
	Rows     int64                   `json:"rows,omitempty"`
	Orders   int64                   `json:"orders,omitempty"`
	Revenue  map[string]money.Amount `json:"revenue,omitempty"` // by currency
	FirstRow int64                   `json:"first_row,omitempty"`
	Detail   string                  `json:"detail,omitempty"` // of the first row; plain English
	Title    words.Text              `json:"title"`
	Fix      words.Text              `json:"fix"`

	touched float64 // the largest share of rows, orders or revenue that it touches
	remark  bool    // nothing is lost by it
}

// anonymousFor are the reasons for which an order counts as one without a buyer.
var anonymousFor = []string{"ANONYMOUS_ORDERS", "BUYER_MASKED", "BUYER_UNUSABLE"}

// qualityOf gathers the issues, losses before remarks, what touches most first.
func qualityOf(imported *profilev1.Import, summary *valuationv1.ValuationSummary, r Reconciliation) []Issue {
	issues := refusals(imported)
	warnings := map[string]string{} // messages by reason
	for _, w := range imported.GetWarnings() {
		warnings[w.GetReason()] = w.GetMessage()
	}
	anonymous, some := anonymousOrders(r)
	if some {
		var why []string
		for _, reason := range anonymousFor {
			if message, told := warnings[reason]; told {
				why = append(why, message)
			}
		}
		anonymous.Detail = strings.Join(why, "; ")
		issues = append(issues, anonymous)
	}
	if n := imported.GetSkipped(); n > 0 {
		issues = append(issues, Issue{
			Code: "SKIPPED_ROWS", Rows: n, Detail: warnings["TOTAL_ROWS_SKIPPED"], remark: true, touched: share(n, imported.GetRows()),
		})
	}
	for _, w := range slices.Concat(imported.GetWarnings(), summary.GetWarnings()) {
		said := w.GetReason() == "TOTAL_ROWS_SKIPPED" || w.GetReason() == "NO_ORDERS" || some && slices.Contains(anonymousFor, w.GetReason())
		if !said {
			issues = append(issues, remarkOf(w))
		}
	}
	for i := range issues {
		issues[i].explain()
	}
	slices.SortStableFunc(issues, func(a, b Issue) int {
		if a.remark != b.remark {
			if b.remark {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.touched, a.touched)
	})
	return append([]Issue{}, issues...)
}

func remarkOf(w *apiv1.Warning) Issue {
	return Issue{Code: w.GetReason(), Detail: w.GetMessage(), remark: true}
}

// refusals are the refused rows by reason and column, and those whose reason is
// not among the ones the import counted.
func refusals(imported *profilev1.Import) []Issue {
	var issues []Issue
	rest := imported.GetRejected()
	for _, c := range imported.GetRefusals() {
		issues = append(issues, Issue{
			Code: c.GetReason(), Column: c.GetColumn(), Rows: c.GetRows(), FirstRow: c.GetFirstRow(), Detail: c.GetMessage(),
			touched: share(c.GetRows(), imported.GetRows()),
		})
		rest -= c.GetRows()
	}
	if rest > 0 {
		issues = append(issues, Issue{Code: "ROWS_REJECTED", Rows: rest, touched: share(rest, imported.GetRows())})
	}
	return issues
}

// anonymousOrders is the issue of paid orders without a buyer, and whether there are any.
func anonymousOrders(r Reconciliation) (Issue, bool) {
	issue := Issue{Code: "ANONYMOUS_ORDERS", Revenue: map[string]money.Amount{}}
	var paid int64
	for _, total := range r.Totals {
		paid += total.PaidOrders
		issue.Orders += total.AnonymousOrders
		if total.AnonymousOrders == 0 {
			continue
		}
		issue.Revenue[total.Currency] = total.AnonymousNet
		if net := total.Net.Major(); net > 0 {
			issue.touched = math.Max(issue.touched, total.AnonymousNet.Major()/net)
		}
	}
	issue.touched = math.Max(issue.touched, share(issue.Orders, paid))
	return issue, issue.Orders > 0
}

// explain gives an issue its title and what to do about it.
func (i *Issue) explain() {
	key := "quality." + i.Code
	if !words.Has(key + ".title") {
		key = "quality.refused"
		if i.remark {
			key = "quality.remark"
		}
	}
	title := words.Of(key + ".title")
	name := strings.NewReplacer("{code}", i.Code)
	i.Title = words.Text{ZH: name.Replace(title.ZH), EN: name.Replace(title.EN)}
	i.Fix = words.Of(key + ".fix")
}
