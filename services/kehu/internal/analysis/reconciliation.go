package analysis

import (
	"cmp"
	"maps"
	"slices"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Reconciliation leads from the rows of a file to its net revenue, to be laid
// beside the platform's own totals. It covers every order of the file, with a
// buyer or without, whatever the as-of date.
type Reconciliation struct {
	File     string  `json:"file"`
	TimeZone string  `json:"time_zone"`   // of the months
	Rows     int64   `json:"rows"`        // without the header
	Records  int64   `json:"record_rows"` // rows less skipped and refused
	Skipped  int64   `json:"skipped_rows"`
	Refused  int64   `json:"refused_rows"`
	Totals   []Total `json:"totals"` // one per currency
	Months   []Line  `json:"months"` // by month and currency
	// Converted is the revenue in the customer analysis where that has all orders
	// converted into one currency.
	Converted *Converted `json:"converted,omitempty"`
}

// Converted is revenue after conversion by exchange rates.
type Converted struct {
	Currency string       `json:"currency"`
	Analysed money.Amount `json:"analysed"`
}

// Total is what all orders come to in one currency, and how much of the net
// revenue the customer analysis speaks of.
type Total struct {
	Line
	// Analysed is the revenue in the customer analysis, and Later what was bought
	// after its as-of date: net is analysed, later and anonymous_net. Unset where
	// there has been no analysis.
	Analysed *money.Amount `json:"analysed,omitempty"`
	Later    *money.Amount `json:"after_as_of,omitempty"`
}

// Line is what the orders of a period come to in one currency.
type Line struct {
	Period          string       `json:"month,omitempty"` // "2024-11"; empty in totals, and for orders without a time
	Currency        string       `json:"currency"`
	Orders          int64        `json:"orders"`
	PaidOrders      int64        `json:"paid_orders"` // refunded ones included
	Paid            money.Amount `json:"paid"`        // before refunds
	RefundedOrders  int64        `json:"refunded_orders"`
	Refunded        money.Amount `json:"refunded"`
	Net             money.Amount `json:"net"`
	UnpaidOrders    int64        `json:"unpaid_orders"`
	ClosedOrders    int64        `json:"closed_orders"`
	AnonymousOrders int64        `json:"anonymous_orders"` // paid, without a buyer
	AnonymousNet    money.Amount `json:"anonymous_net"`
}

// ReconciliationOf is what an import of orders says of its file.
func ReconciliationOf(imported *profilev1.Import) Reconciliation {
	r := Reconciliation{
		File: imported.GetFileName(), TimeZone: zoneName(cmp.Or(imported.GetTimeZone(), imported.GetOrderMapping().GetTimeZone())),
		Rows: imported.GetRows(), Skipped: imported.GetSkipped(), Refused: imported.GetRejected(),
		Records: imported.GetRows() - imported.GetSkipped() - imported.GetRejected(),
		Months:  []Line{},
	}
	for _, m := range imported.GetReconciliation().GetMonths() {
		r.Months = append(r.Months, Line{
			Period: m.GetMonth(), Currency: m.GetCurrencyCode(), Orders: m.GetOrders(),
			PaidOrders: m.GetPaidOrders(), Paid: money.Of(m.GetPaid()),
			RefundedOrders: m.GetRefundedOrders(), Refunded: money.Of(m.GetRefunded()), Net: money.Of(m.GetNet()),
			UnpaidOrders: m.GetUnpaidOrders(), ClosedOrders: m.GetClosedOrders(),
			AnonymousOrders: m.GetAnonymousOrders(), AnonymousNet: money.Of(m.GetAnonymousNet()),
		})
	}
	for _, line := range folded(r.Months, func(string) string { return "" }) {
		r.Totals = append(r.Totals, Total{Line: line})
	}
	return r
}

// analysed lays the revenue of the customer analysis beside the file's net one,
// currency by currency, unless all of it was converted into one.
func (r *Reconciliation) analysed(revenue []*apiv1.Money, reporting string) {
	if reporting != "" {
		r.Converted = &Converted{Currency: reporting}
		for _, m := range revenue {
			r.Converted.Analysed = money.Of(m)
		}
		return
	}
	for i := range r.Totals {
		total := &r.Totals[i]
		var in money.Amount
		for _, m := range revenue {
			if m.GetCurrencyCode() == total.Currency {
				in = money.Of(m)
			}
		}
		later := total.Net.Minus(total.AnonymousNet).Minus(in)
		total.Analysed, total.Later = &in, &later
	}
}

// folded adds up the lines whose periods become the same, in order of period
// and currency.
func folded(lines []Line, period func(string) string) []Line {
	type key struct{ period, currency string }
	sums := map[key]Line{}
	for _, line := range lines {
		line.Period = period(line.Period)
		k := key{line.Period, line.Currency}
		sums[k] = line.plus(sums[k])
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Period, b.Period), cmp.Compare(a.Currency, b.Currency))
	})
}

// plus adds another line to l, which keeps its period and currency.
func (l Line) plus(other Line) Line {
	l.Orders += other.Orders
	l.PaidOrders += other.PaidOrders
	l.Paid = l.Paid.Plus(other.Paid)
	l.RefundedOrders += other.RefundedOrders
	l.Refunded = l.Refunded.Plus(other.Refunded)
	l.Net = l.Net.Plus(other.Net)
	l.UnpaidOrders += other.UnpaidOrders
	l.ClosedOrders += other.ClosedOrders
	l.AnonymousOrders += other.AnonymousOrders
	l.AnonymousNet = l.AnonymousNet.Plus(other.AnonymousNet)
	return l
}

// Months shown one by one where there are no more, and the last ones shown
// where there are.
const (
	mostMonths = 24
	lastMonths = 12
)

// Years are the lines by calendar year, where there are too many months to look
// at one by one; nil otherwise.
func (r Reconciliation) Years() []Line {
	if len(r.periods()) <= mostMonths {
		return nil
	}
	return folded(r.Months, func(month string) string {
		if len(month) < len("2024") {
			return month
		}
		return month[:len("2024")]
	})
}

// LastMonths are the lines by month: all of them, or those of the last twelve
// months where Years has the others.
func (r Reconciliation) LastMonths() []Line {
	periods := r.periods()
	if len(periods) <= mostMonths {
		return r.Months
	}
	from := periods[len(periods)-lastMonths]
	return slices.DeleteFunc(slices.Clone(r.Months), func(l Line) bool { return l.Period < from })
}

// periods are the months that occur.
func (r Reconciliation) periods() []string {
	var all []string
	for _, line := range r.Months {
		if len(all) == 0 || all[len(all)-1] != line.Period {
			all = append(all, line.Period)
		}
	}
	return all
}

// Orders are those of all currencies, paid or not.
func (r Reconciliation) Orders() int64 {
	var n int64
	for _, total := range r.Totals {
		n += total.Orders
	}
	return n
}
