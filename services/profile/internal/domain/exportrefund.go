package domain

import (
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// ExportReturn is the id of the return that stands for what the export of a
// platform states to be refunded of an order beyond its other returns. Nobody
// else may use it.
const ExportReturn = "export"

// paid reports whether the order counts as paid, returned or not.
func (o *Order) paid() bool { return o.Status != Pending && o.Status != Cancelled }

// New returns the order as it is recorded first: the refund it states is a return.
func (o *Order) New() Order {
	made := *o
	made.Version, made.Returns, made.Refund = 0, nil, Optional{}
	made.refundTotal(o.Refund)
	return made
}

// refundTotal makes the refunds of an order come to a total stated, where one is:
// what it goes beyond the other returns is a return of its own, at the order's
// time, since an export does not say when. Where the others come to more, it is
// out of date and they count. An order that is not paid has nothing refunded.
func (o *Order) refundTotal(total Optional) {
	if !total.Known || !o.paid() {
		return
	}
	o.Returns = withoutExport(o.Returns)
	if rest := total.Minor - o.Refunded(); rest > 0 {
		o.insertReturn(Return{ID: ExportReturn, Refund: rest, Time: o.Time})
	}
}

// statedRefund is the total that exports state to be refunded, where it goes
// beyond the other returns.
func (o *Order) statedRefund() Optional {
	if !slices.ContainsFunc(o.Returns, Return.stated) {
		return Optional{}
	}
	return Known(o.Refunded())
}

// withoutExport are the returns that were recorded one by one.
func withoutExport(returns []Return) []Return {
	return slices.DeleteFunc(slices.Clone(returns), Return.stated)
}

// stated reports the return that exports state.
func (r Return) stated() bool { return r.ID == ExportReturn }

// checkRefund reports a total of refunds that the order cannot have.
func (o *Order) checkRefund() *fault.Fault {
	switch {
	case !o.Refund.Known || !o.paid():
		return nil
	case o.Refund.Minor < 0:
		return fault.Invalid("refunded", "must not be negative, is %d", o.Refund.Minor)
	case o.Refund.Minor > o.Amount:
		return refuse("REFUND_EXCEEDS_AMOUNT", "refunded",
			"must be at most what was paid, %d minor units, is %d", o.Amount, o.Refund.Minor)
	}
	return nil
}

func (r Return) same(other Return) bool {
	return r.ID == other.ID && r.Refund == other.Refund && r.Time.Equal(other.Time) && r.Reason == other.Reason
}
