package importer

import (
	"context"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// take adds the order of a row to the batch.
func (r *orderRows) take(b *batch, row sheet.Row) *fault.Fault {
	o, f := r.read(row.Fields)
	if f != nil {
		return f
	}
	b.countID(o.ID)
	if o.Items, f = r.items(row, o.money); f != nil {
		return f
	}
	if o.undated {
		b.tally.order(&o.Order, o.buyer, r.zone)
		return nil
	}
	o.Row = row.Number
	b.orders = append(b.orders, o.Order)
	b.buyers = append(b.buyers, o.buyer)
	b.fields = append(b.fields, row.Fields...)
	return nil
}

// recordOrders writes the orders of a batch.
func (i *Importer) recordOrders(ctx context.Context, f *file, b *batch) error {
	src := domain.Source{Import: f.run(), ValidateOnly: f.DryRun}
	records := make([]keyed, len(b.orders))
	for n, o := range b.orders {
		records[n] = keyed{n, docstore.ID(src.Import, o.Customer, o.ID), o.Row}
	}
	outcomes, err := i.once(ctx, f, records, duplicateOf, func(some []keyed) ([]app.Outcome, error) {
		return i.recorder.RecordOrders(ctx, pick(b.orders, some), src)
	})
	if err != nil {
		return err
	}
	zone, err := f.zone()
	if err != nil {
		return err
	}
	for n, out := range outcomes {
		if err := b.count(f, n, b.orders[n].Row, out, orderColumn); err != nil {
			return err
		}
		if out.Effect != app.Refused {
			b.tally.order(&b.orders[n], b.buyers[n], zone)
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

// count adds what became of the nth record to the batch's counts, and to its
// rejects where it was refused. It returns the fault of a record that may go
// through when it is tried again. column is the column of a field.
func (b *batch) count(f *file, n int, row int64, out app.Outcome, column func(path string) string) error {
	if out.Effect != app.Refused {
		b.tally.Counts.effect(out.Effect)
		return nil
	}
	if passing(out.Fault) {
		return out.Fault
	}
	b.refuse(f.run(), row, inColumn(out.Fault, column), b.row(n))
	return nil
}

// effect counts a record that was not refused.
func (c *counts) effect(e app.Effect) {
	switch e {
	case app.Created:
		c.Created++
	case app.Updated:
		c.Updated++
	case app.Unchanged:
		c.Unchanged++
	}
}

// order counts an order that was not refused.
func (t *tally) order(o *domain.Order, how buyer, zone *time.Location) {
	totals := orderTotals(o, zone)
	t.Reconciliation.add(&totals)
	t.Counts.buyer(how)
	if inHistories(o) {
		t.LastOrder = later(t.LastOrder, o.Time)
	}
}

// inHistories reports whether a purchase history holds the order.
func inHistories(o *domain.Order) bool {
	return o.Customer != domain.Anonymous && domain.Counts(o.Status, o.Amount, o.Refund.Minor)
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
