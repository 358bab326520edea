package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// month is a month of the calendar, years times twelve and months from 0; noMonth
// is that of orders without a time.
type month int32

const noMonth month = 0

func monthOf(t time.Time, zone *time.Location) month {
	year, m, _ := t.In(zone).Date()
	return month(year*12 + int(m) - 1)
}

func (m month) String() string {
	if m == noMonth {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m/12, m%12+1)
}

// monthTotals is what the orders of a month in one currency come to. All money is
// in minor units.
type monthTotals struct {
	Month    month  `bson:"month"`
	Currency string `bson:"currency"`

	Paid         int64 `bson:"paid_orders"`
	PaidMinor    int64 `bson:"paid"`
	Refunded     int64 `bson:"refunded_orders"`
	RefundMinor  int64 `bson:"refunded"`
	Unpaid       int64 `bson:"unpaid_orders"`
	Closed       int64 `bson:"closed_orders"`
	Anonymous    int64 `bson:"anonymous_orders"`
	AnonymousNet int64 `bson:"anonymous_net"`
}

// orderTotals is the part of one order. What is refunded of it is what it states
// or, of one wholly returned, all.
func orderTotals(o *domain.Order, zone *time.Location) monthTotals {
	t := monthTotals{Currency: o.Currency}
	if !o.Time.IsZero() {
		t.Month = monthOf(o.Time, zone)
	}
	switch o.Status {
	case domain.Pending:
		t.Unpaid = 1
		return t
	case domain.Cancelled:
		t.Closed = 1
		return t
	case domain.Returned:
		t.RefundMinor = o.Amount
	default:
		t.RefundMinor = o.Refund.Minor
	}
	t.Paid, t.PaidMinor = 1, o.Amount
	if t.RefundMinor > 0 {
		t.Refunded = 1
	}
	if o.Customer == domain.Anonymous {
		t.Anonymous, t.AnonymousNet = 1, t.PaidMinor-t.RefundMinor
	}
	return t
}

// add reports whether the sums fit 64 bits; one that does not stays at the most.
func (t *monthTotals) add(more *monthTotals) (fits bool) {
	t.Paid += more.Paid
	t.Refunded += more.Refunded
	t.Unpaid += more.Unpaid
	t.Closed += more.Closed
	t.Anonymous += more.Anonymous
	fits = true
	for _, sum := range []struct {
		to   *int64
		more int64
	}{{&t.PaidMinor, more.PaidMinor}, {&t.RefundMinor, more.RefundMinor}, {&t.AnonymousNet, more.AnonymousNet}} {
		if *sum.to > math.MaxInt64-sum.more {
			*sum.to, fits = math.MaxInt64, false
			continue
		}
		*sum.to += sum.more
	}
	return fits
}

// orders is how many the totals are of.
func (t *monthTotals) orders() int64 { return t.Paid + t.Unpaid + t.Closed }

// reconciliation is the totals by month and currency.
type reconciliation struct {
	Months []monthTotals `bson:"months,omitempty"`
	// Beyond is how many orders are in no month, because there are too many.
	Beyond   int64 `bson:"beyond,omitempty"`
	TooLarge bool  `bson:"too_large,omitempty"` // a sum does not fit 64 bits
}

// maxMonths bounds a document that is written again with every batch.
const maxMonths = 5000

func (r *reconciliation) add(more *monthTotals) {
	at, found := slices.BinarySearchFunc(r.Months, more, func(t monthTotals, more *monthTotals) int {
		return cmp.Or(cmp.Compare(t.Month, more.Month), cmp.Compare(t.Currency, more.Currency))
	})
	switch {
	case found:
		r.TooLarge = !r.Months[at].add(more) || r.TooLarge
	case len(r.Months) < maxMonths:
		r.Months = slices.Insert(r.Months, at, *more)
	default:
		r.Beyond += more.orders()
	}
}

func (r *reconciliation) addAll(more *reconciliation) {
	for i := range more.Months {
		r.add(&more.Months[i])
	}
	r.Beyond += more.Beyond
	r.TooLarge = r.TooLarge || more.TooLarge
}

func (r *reconciliation) proto() *profilev1.Reconciliation {
	p := &profilev1.Reconciliation{}
	for _, t := range r.Months {
		money := func(minor int64) *apiv1.Money { return &apiv1.Money{MinorUnits: minor, CurrencyCode: t.Currency} }
		p.Months = append(p.Months, &profilev1.MonthTotals{
			Month: t.Month.String(), CurrencyCode: t.Currency, Orders: t.orders(),
			PaidOrders: t.Paid, Paid: money(t.PaidMinor),
			RefundedOrders: t.Refunded, Refunded: money(t.RefundMinor), Net: money(t.PaidMinor - t.RefundMinor),
			UnpaidOrders: t.Unpaid, ClosedOrders: t.Closed,
			AnonymousOrders: t.Anonymous, AnonymousNet: money(t.AnonymousNet),
		})
	}
	return p
}
