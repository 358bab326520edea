package importer

import (
	"context"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// itemLevel reports whether the rows are the items of orders, and not orders.
func itemLevel(c *columns) bool { return c.has("sku") }

// orderRows reads rows with the columns of orders.
type orderRows struct {
	id, customer, time, amount, currency, discount, cost int
	channel, payment, status, sku, quantity              int

	fallback string // currency of rows that state none
	zone     *time.Location
	tenders  tenders
}

func newOrderRows(c *columns, currency string, zone *time.Location) *orderRows {
	return &orderRows{
		id: c.place("order_id"), customer: c.place("customer_id"), time: c.place("order_time"),
		amount: c.place("amount"), currency: c.place("currency"), discount: c.place("discount"), cost: c.place("cost"),
		channel: c.place("channel"), payment: c.place("payment_method"), status: c.place("status"),
		sku: c.place("sku"), quantity: c.place("quantity"),
		fallback: currency, zone: zone, tenders: make(tenders),
	}
}

// at is the field in a place, empty where the file has no such column.
func at(fields []string, place int) string {
	if place < 0 {
		return ""
	}
	return fields[place]
}

// take adds the order of a row to the batch.
func (r *orderRows) take(b *batch, row sheet.Row) *fault.Fault {
	o, f := r.read(row)
	if f == nil {
		b.orders = append(b.orders, o)
	}
	return f
}

// read reads what rows of orders and rows of items have in common. An order that
// comes with a fault may still have its Customer and ID.
func (r *orderRows) read(row sheet.Row) (o domain.Order, f *fault.Fault) {
	o.Row = row.Number
	if o.ID, f = key("order_id", row.Fields[r.id]); f != nil {
		return o, f
	}
	if o.Customer, f = key("customer_id", row.Fields[r.customer]); f != nil {
		o.ID = ""
		return o, f
	}
	if o.Time, f = readTime("order_time", row.Fields[r.time], r.zone); f != nil {
		return o, f
	}
	money, f := r.tender(at(row.Fields, r.currency))
	if f != nil {
		return o, f
	}
	o.Currency = money.code
	if o.Amount, f = amount("amount", row.Fields[r.amount], money.scale); f != nil {
		return o, f
	}
	if o.Discount, f = optionalAmount("discount", at(row.Fields, r.discount), money.scale); f != nil {
		return o, f
	}
	if o.Cost, f = optionalAmount("cost", at(row.Fields, r.cost), money.scale); f != nil {
		return o, f
	}
	o.Channel, o.PaymentMethod = tidy(at(row.Fields, r.channel)), tidy(at(row.Fields, r.payment))
	o.Status, f = word("status", at(row.Fields, r.status), domain.Paid, domain.Pending, domain.Cancelled, domain.Returned)
	return o, f
}

func (r *orderRows) tender(stated string) (tender, *fault.Fault) {
	if tidy(stated) == "" {
		stated = r.fallback
	}
	if stated == "" {
		return tender{}, invalid("currency", "CURRENCY_MISSING",
			"must be given: the row states none, and the import has no default currency")
	}
	return r.tenders.read(stated)
}

// key reads an id. Spaces around it are none of it.
func key(column, value string) (string, *fault.Fault) {
	value = tidy(value)
	if value == "" {
		return "", invalid(column, "VALUE_MISSING", "must not be empty")
	}
	return value, ident.Check(column, value)
}

// recordOrders writes the orders of a batch.
func (i *Importer) recordOrders(ctx context.Context, f *file, b *batch) error {
	src := domain.Source{Import: f.run(), ValidateOnly: f.DryRun}
	records := make([]keyed, len(b.orders))
	for n, o := range b.orders {
		records[n] = keyed{n, docstore.ID(src.Import, o.Customer, o.ID), o.Row}
	}
	outcomes, err := i.once(ctx, f, records, func(some []keyed) ([]app.Outcome, error) {
		return i.recorder.RecordOrders(ctx, pick(b.orders, some), src)
	})
	if err != nil {
		return err
	}
	for n, out := range outcomes {
		value := func(column string) string { return b.value(n, column) }
		if err := b.count(f, b.orders[n].Row, out, orderColumn, value); err != nil {
			return err
		}
	}
	return nil
}

// pick returns the records in the places of some.
func pick[T any](all []T, some []keyed) []T {
	if len(some) == len(all) {
		return all
	}
	picked := make([]T, len(some))
	for n, r := range some {
		picked[n] = all[r.place]
	}
	return picked
}

// count adds what became of a record to the batch's counts, and to its rejects
// where it was refused. It returns the fault of a record that may go through when
// it is tried again.
func (b *batch) count(f *file, row int64, out app.Outcome, column func(path string) string, value func(column string) string) error {
	switch out.Effect {
	case app.Created:
		b.counts.Created++
	case app.Updated:
		b.counts.Updated++
	case app.Unchanged:
		b.counts.Unchanged++
	default:
		if passing(out.Fault) {
			return out.Fault
		}
		why := inColumn(out.Fault, column)
		b.rejects = append(b.rejects, newReject(f.run(), row, why, value(why.Violations[0].Field)))
		b.counts.Rejected++
	}
	return nil
}

// passing reports a fault that says nothing about the record itself.
func passing(f *fault.Fault) bool {
	return f.Kind == fault.Aborted || f.Kind == fault.Unavailable || f.Kind == fault.Internal
}

// inColumn names the column of the file in place of the API's field.
func inColumn(f *fault.Fault, column func(path string) string) *fault.Fault {
	path := ""
	if len(f.Violations) > 0 {
		path = f.Violations[0].Field
	}
	description, _, _ := strings.Cut(strings.TrimPrefix(f.Message, path+": "), "; ")
	named := *f
	named.Violations = []fault.Violation{{Field: column(path), Description: description}}
	return &named
}

// orderColumn is the column from which a field of an order comes.
func orderColumn(path string) string {
	if _, inItem, ok := strings.Cut(path, "]."); ok {
		path = inItem
	}
	field, rest, _ := strings.Cut(path, ".")
	switch {
	case rest == "currency_code":
		return "currency"
	case field == "name", field == "":
		return "order_id"
	case field == "quantity_milli":
		return "quantity"
	}
	return field
}
