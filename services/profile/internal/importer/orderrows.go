package importer

import (
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// orderRows reads rows with the columns of orders.
type orderRows struct {
	columns *columns

	id, customer, time, paid, cancelled, amount, refunded, currency, discount, cost places
	channel, payment, status, sku, quantity, price, category                        places
	itemAmount, itemDiscount                                                        places

	words    map[string]domain.Status
	buyers   []domain.IdentifierType // what stands in each column of buyers
	ranges   map[string]bool         // of mobile numbers, and whether there is such a one
	fallback string                  // currency of rows that state none
	zone     *time.Location
	tenders  tenders
	// pseudonym is Recorder.Pseudonym; nil keeps the identifier itself for the
	// customer's id, for rows that are shown and not recorded.
	pseudonym func(domain.Identifier) (string, error)
}

func newOrderRows(c *columns, currency string, zone *time.Location, pseudonym func(domain.Identifier) (string, error)) *orderRows {
	at := func(f mapping.Field) places { return c.at[string(f)] }
	r := &orderRows{
		columns: c,
		id:      at(mapping.OrderID), customer: at(mapping.CustomerID),
		time: at(mapping.OrderTime), paid: at(mapping.PaidTime), cancelled: at(mapping.CancelledTime),
		amount: at(mapping.Amount), refunded: at(mapping.Refunded), currency: at(mapping.Currency),
		discount: at(mapping.Discount), cost: at(mapping.Cost),
		channel: at(mapping.Channel), payment: at(mapping.PaymentMethod), status: at(mapping.Status),
		sku: at(mapping.SKU), quantity: at(mapping.Quantity), price: at(mapping.UnitPrice),
		category: at(mapping.Category), itemAmount: c.at[itemAmount], itemDiscount: c.at[itemDiscount],
		words: c.orders.Words(), fallback: currency, zone: zone, tenders: make(tenders), ranges: make(map[string]bool), pseudonym: pseudonym,
	}
	for _, at := range r.customer {
		r.buyers = append(r.buyers, identifierIn(c.header[at]))
	}
	return r
}

// reading is an order as a row, or several together, state it.
type reading struct {
	domain.Order
	money tender
	buyer buyer
	// undated orders are not paid and state no time: they are counted, not kept.
	undated bool
}

// read reads what rows of orders and rows of items have in common.
func (r *orderRows) read(fields []string) (o reading, f *fault.Fault) {
	if o.ID, f = orderKey("order_id", r.id.in(fields)); f != nil {
		return o, f
	}
	who, f := r.buyerIn(fields)
	if f != nil {
		return o, f
	}
	o.Customer, o.Buyer, o.buyer = who.customer, who.by, who.how
	if o.Status, f = r.statusIn(fields); f != nil {
		return o, f
	}
	if f = r.readTimes(fields, &o); f != nil {
		return o, f
	}
	if o.money, f = r.tender(r.currency.in(fields)); f != nil {
		return o, f
	}
	o.Currency = o.money.code
	if f = r.readAmounts(fields, &o); f != nil {
		return o, f
	}
	o.Channel, o.PaymentMethod = tidy(r.channel.in(fields)), tidy(r.payment.in(fields))
	return o, nil
}

// unpaid reports an order of which nothing was paid, or all was given back before
// it came to anything.
func unpaid(s domain.Status) bool { return s == domain.Pending || s == domain.Cancelled }

// statusIn is what the words and the times of a row say. A time of payment that
// is left empty is one that has not come.
func (r *orderRows) statusIn(fields []string) (domain.Status, *fault.Fault) {
	if r.cancelled.in(fields) != "" {
		return domain.Cancelled, nil
	}
	word := r.status.in(fields)
	if word == "" {
		if len(r.paid) > 0 && r.paid.in(fields) == "" {
			return domain.Pending, nil
		}
		return "", nil
	}
	return r.means(word)
}

// means is what a word of the status column means.
func (r *orderRows) means(word string) (domain.Status, *fault.Fault) {
	if means, ok := r.words[word]; ok {
		return means, nil
	}
	if means, ok := r.words[mapping.Fold(word)]; ok {
		return means, nil
	}
	if r.columns.ours {
		return "", invalid("status", "VALUE_UNKNOWN", "must be one of %q, is %q",
			[]domain.Status{domain.Paid, domain.Pending, domain.Cancelled, domain.Returned}, clip(word, 40))
	}
	return "", invalid("status", "STATUS_UNKNOWN",
		"is a word that is not known, %q: say what it means in the mapping (statuses), paid, pending, cancelled or returned", clip(word, 40))
}

// readTimes takes the time of payment for that of the order, where there is one.
func (r *orderRows) readTimes(fields []string, o *reading) (f *fault.Fault) {
	column, value := "paid_time", r.paid.in(fields)
	if value == "" {
		column, value = "order_time", r.time.in(fields)
	}
	if value == "" && unpaid(o.Status) {
		o.undated = true
		return nil
	}
	o.Time, f = readTime(column, value, r.zone)
	return f
}

func (r *orderRows) readAmounts(fields []string, o *reading) (f *fault.Fault) {
	if value := r.amount.in(fields); value != "" || !unpaid(o.Status) {
		if o.Amount, f = amountIn("amount", value, o.money); f != nil {
			return f
		}
	}
	for _, a := range []struct {
		column string
		at     places
		to     *domain.Optional
	}{{"refunded", r.refunded, &o.Refund}, {"discount", r.discount, &o.Discount}, {"cost", r.cost, &o.Cost}} {
		if *a.to, f = optionalAmountIn(a.column, a.at.in(fields), o.money); f != nil {
			return f
		}
	}
	return nil
}

func (r *orderRows) tender(stated string) (tender, *fault.Fault) {
	if stated == "" {
		stated = r.fallback
	}
	if stated == "" {
		return tender{}, invalid("currency", "CURRENCY_MISSING",
			"must be given: the row states none, and the import has no default currency")
	}
	return r.tenders.read(stated)
}
