package domain

import (
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// MaxReturns is the most returns one order may have.
const MaxReturns = 1000

// Refunded is the sum of the refunds, in minor units. It never exceeds Amount,
// so it cannot overflow.
func (o *Order) Refunded() int64 { return refunds(o.Returns) }

func refunds(returns []Return) int64 {
	var sum int64
	for _, r := range returns {
		sum += r.Refund
	}
	return sum
}

// Net is what was paid less what was refunded, in minor units: 0 for an order
// recorded as wholly returned.
func (o *Order) Net() int64 {
	if o.Status == Returned {
		return 0
	}
	return o.Amount - o.Refunded()
}

// Counts reports whether an order is one that analyses are about: paid, and not
// wholly refunded. amount and refunded are in minor units.
func Counts(status Status, amount, refunded int64) bool {
	paid := status == "" || status == Paid
	return paid && (refunded == 0 || refunded < amount)
}

// EffectiveStatus is the recorded status, or Returned once everything paid has
// been refunded.
func (o *Order) EffectiveStatus() Status {
	if len(o.Returns) > 0 && o.Refunded() == o.Amount {
		return Returned
	}
	return o.Status
}

// TakeBack records a return. The same return again changes nothing and reports
// false; the same id with another content is refused. Where an export has stated
// what was refunded, the return is taken to be a part of that.
func (o *Order) TakeBack(r Return, now time.Time) (changed bool, err error) {
	r.Time = r.Time.UTC().Truncate(time.Millisecond)
	if err := r.check(now); err != nil {
		return false, err
	}
	for _, known := range o.Returns {
		switch {
		case known.ID != r.ID:
		case known.same(r):
			return false, nil
		default:
			return false, fault.New(fault.AlreadyExists, "RETURN_ID_REUSED",
				"return %q of the order is recorded with another refund, time or reason", r.ID)
		}
	}
	stated := o.statedRefund()
	switch left := o.Net() + o.Refunded() - refunds(withoutExport(o.Returns)); {
	case o.Status == Pending || o.Status == Cancelled:
		return false, fault.New(fault.FailedPrecondition, "ORDER_NOT_PAID",
			"the order is %s: only what was paid can come back", o.Status)
	case r.Time.Before(o.Time):
		return false, fault.Invalid("return.return_time", "must not be before the order's time, %s", o.Time.Format(time.RFC3339))
	case r.Refund > left:
		return false, refuse("REFUND_EXCEEDS_AMOUNT", "return.refund.minor_units",
			"must be at most %d, what is left of the order's amount; is %d", left, r.Refund)
	case len(o.Returns) >= MaxReturns:
		return false, fault.New(fault.FailedPrecondition, "TOO_MANY_RETURNS", "an order has at most %d returns", MaxReturns)
	}
	o.insertReturn(r)
	o.refundTotal(stated)
	return true, nil
}

// insertReturn keeps the returns in the order of their times, those of one
// instant as they arrived.
func (o *Order) insertReturn(r Return) {
	at := len(o.Returns)
	for at > 0 && o.Returns[at-1].Time.After(r.Time) {
		at--
	}
	o.Returns = append(o.Returns, Return{})
	copy(o.Returns[at+1:], o.Returns[at:])
	o.Returns[at] = r
}

func (r *Return) check(now time.Time) error {
	var all faults
	all.add(checkLine("return.return_id", r.ID, 128))
	switch {
	case strings.TrimSpace(r.ID) == "":
		all.add(fault.Invalid("return.return_id", "must not be empty"))
	case r.ID == ExportReturn:
		all.add(fault.Invalid("return.return_id", "must not be %q, which stands for refunds that exports state", ExportReturn))
	}
	if r.Refund < 1 || r.Refund > MaxMinor {
		all.add(fault.Invalid("return.refund.minor_units", "must be from 1 to %d, is %d", MaxMinor, r.Refund))
	}
	all.add(checkTime("return.return_time", r.Time, earliestOrder, now))
	all.add(checkProse("return.reason", r.Reason, 1024))
	return all.merged()
}

// Correct returns the order as it is once other's content replaces its own: the
// returns stay, so that what they refund must still fit, as does its origin. A
// refund that was stated as a total follows what other states.
func (o *Order) Correct(other *Order) (Order, error) {
	corrected := *other
	corrected.Refund = Optional{}
	corrected.Returns, corrected.Origin = o.Returns, o.Origin
	corrected.CreatedAt, corrected.UpdatedAt, corrected.Version = o.CreatedAt, o.UpdatedAt, o.Version
	if other.Refund.Known || !other.paid() {
		corrected.Returns = withoutExport(o.Returns)
	}
	if err := corrected.keeps(o.Currency); err != nil {
		return Order{}, err
	}
	total := other.Refund
	if !total.Known {
		total = o.statedRefund() // as before, at the time the order has now
	}
	corrected.refundTotal(total)
	return corrected, nil
}

// KeepItems gives an order without items those that were known before, where they
// still add up to its amount: a list of orders says nothing of items.
func (o *Order) KeepItems(before *Order) {
	if len(o.Items) == 0 && o.Amount == before.Amount && o.Currency == before.Currency {
		o.Items = before.Items
	}
}

// keeps reports what an order with returns, which are in a currency, cannot be.
func (o *Order) keeps(currency string) error {
	if len(o.Returns) == 0 {
		return nil
	}
	switch refunded := o.Refunded(); {
	case o.Currency != currency:
		return refuse("CURRENCY_MISMATCH", "amount.currency_code", "must stay %q: returns are recorded in it", currency)
	case o.Amount < refunded:
		return refuse("REFUND_EXCEEDS_AMOUNT", "amount.minor_units",
			"must be at least %d, which has been refunded; is %d", refunded, o.Amount)
	case !o.paid():
		return refuse("ORDER_HAS_RETURNS", "status", "must not be %q: goods of the order came back, so it was paid", o.Status)
	}
	return nil
}
