package domain

import (
	"fmt"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// Status is the state of an order as it was recorded. Empty is taken as paid.
type Status string

// The states.
const (
	Paid      Status = "paid"
	Pending   Status = "pending"
	Cancelled Status = "cancelled"
	Returned  Status = "returned" // all of it came back
)

// MaxItems is the most items one order may have.
const MaxItems = 1000

// Order is one purchase. Customer and ID together identify it. All its money
// is in one currency, in minor units.
type Order struct {
	Customer, ID   string
	Time           time.Time // whole milliseconds, UTC
	Currency       string    // ISO 4217
	Amount         int64     // paid for the goods, after discount and before returns
	Discount, Cost Optional
	Channel        string
	PaymentMethod  string
	Status         Status
	Items          []Item
	Returns        []Return // oldest first
	// Buyer tells the customer of an order to be recorded whose source knows no id of
	// it, by a phone number or an e-mail address; Customer is then a Pseudonym.
	Buyer Identifier
	// Refund is what was refunded of the order up to now, in an order to be
	// recorded: the total that the export of a platform states.
	Refund Optional

	CreatedAt, UpdatedAt time.Time // set by the store
	Version              int64     // set by the store
	// Row is where the order stands in the file of an import, from 1.
	Row    int64
	Origin Origin
}

// Item is one line of an order.
type Item struct {
	SKU              string
	QuantityMilli    int64 // thousandths of a unit
	Amount, Discount Optional
	Category         string // empty where not known
}

// Return is goods of an order that came back.
type Return struct {
	ID     string
	Refund int64 // minor units of the order's currency
	Time   time.Time
	Reason string
}

// earliestOrder is the first order time accepted: an instant of 0 is a missing
// date that someone's software wrote as 1970-01-01 in some zone.
var earliestOrder = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)

// Normalize brings the order time to whole milliseconds of UTC and reports
// everything that is wrong with the order by itself.
func (o *Order) Normalize(now time.Time) error {
	var all faults
	all.add(ident.Check("name", o.Customer))
	all.add(ident.Check("name", o.ID))
	o.Time = o.Time.UTC().Truncate(time.Millisecond)
	all.add(checkTime("order_time", o.Time, earliestOrder, now))
	all.add(CheckCurrency("amount.currency_code", o.Currency))
	all.add(checkMinor("amount.minor_units", o.Amount))
	all.add(o.Discount.check("discount.minor_units"))
	all.add(o.Cost.check("cost.minor_units"))
	all.add(o.checkRefund())
	all.add(checkLine("channel", o.Channel, 64))
	all.add(checkLine("payment_method", o.PaymentMethod, 64))
	all.add(oneOf("status", o.Status, "", Paid, Pending, Cancelled, Returned))
	if len(o.Items) > MaxItems {
		all.add(fault.Invalid("items", "must be at most %d, are %d", MaxItems, len(o.Items)))
		return all.merged()
	}
	for i := range o.Items {
		o.Items[i].check(i, &all)
	}
	return all.merged()
}

func (i *Item) check(at int, all *faults) {
	var found faults
	found.add(checkLine("sku", i.SKU, 128))
	if i.SKU == "" {
		found.add(fault.Invalid("sku", "must not be empty"))
	}
	found.add(checkLine("category", i.Category, 128))
	if i.QuantityMilli < 0 {
		found.add(fault.Invalid("quantity_milli", "must not be negative, is %d", i.QuantityMilli))
	}
	found.add(i.Amount.check("amount.minor_units"))
	found.add(i.Discount.check("discount.minor_units"))
	for _, f := range found { // paths are only put together where something is wrong
		v := f.Violations[0]
		all.add(refuse(f.Reason, fmt.Sprintf("items[%d].%s", at, v.Field), "%s", v.Description))
	}
}

func checkTime(field string, t, earliest, now time.Time) *fault.Fault {
	// A day's grace: clocks differ, and a date begins in the east before it does in UTC.
	latest := now.AddDate(0, 0, 1)
	if t.Before(earliest) || t.After(latest) {
		return fault.Invalid(field, "must be between %s and a day from now, is %s",
			earliest.Format(time.RFC3339), t.Format(time.RFC3339))
	}
	return nil
}

// SameContent reports whether two orders differ in nothing that a caller records.
func (o *Order) SameContent(other *Order) bool {
	return o.Time.Equal(other.Time) && o.Currency == other.Currency && o.Amount == other.Amount &&
		o.Discount == other.Discount && o.Cost == other.Cost && o.Channel == other.Channel &&
		o.PaymentMethod == other.PaymentMethod && o.Status == other.Status && slices.Equal(o.Items, other.Items) &&
		slices.EqualFunc(o.Returns, other.Returns, Return.same)
}
