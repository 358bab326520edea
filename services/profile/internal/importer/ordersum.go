package importer

import (
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// sum puts an order together of which every row says all: its amount, discount
// and cost are the sums of its rows' (the cost only where every row has one), its
// time the earliest. Of the rest the first row that states it counts.
func (a *assembler) sum(rows []staged, fields [][]string) (whole reading, wrong *flaw) {
	parts := make([]reading, len(rows))
	for n := range rows {
		var f *fault.Fault
		if parts[n], f = a.part(fields[n]); f != nil {
			return whole, &flaw{rows[n].Row, f}
		}
	}
	whole = parts[0]
	for n, p := range parts[1:] {
		if f := whole.join(&p, rows[0].Row, rows[n+1].Row); f != nil {
			return whole, &flaw{0, f}
		}
	}
	return whole, nil
}

// part reads a row that is an item with an amount of its own.
func (a *assembler) part(fields []string) (p reading, f *fault.Fault) {
	if p, f = a.rows.read(fields); f != nil {
		return p, f
	}
	item, ok, f := a.rows.item(fields, p.money)
	switch {
	case f != nil:
		return p, f
	case !ok && a.columns.has(string(mapping.SKU)):
		return p, invalid("sku", "VALUE_MISSING", "must not be empty in a file of items")
	case ok:
		item.Amount, item.Discount = domain.Known(p.Amount), p.Discount
		p.Items = []domain.Item{item}
	}
	return p, nil
}

// join adds a further row to what those before it come to.
func (o *reading) join(p *reading, first, row int64) *fault.Fault {
	switch {
	case o.Currency != p.Currency:
		return differ("currency", "ORDER_CURRENCIES_DIFFER", first, o.Currency, row, p.Currency)
	case o.Status != p.Status:
		return differ("status", "ORDER_STATUS_DIFFERS", first, o.Status, row, p.Status)
	case o.Refund.Known && p.Refund.Known && o.Refund != p.Refund:
		return differ("refunded", "ORDER_REFUNDS_DIFFER", first, o.Refund.Minor, row, p.Refund.Minor)
	}
	o.Amount += p.Amount
	o.Items = append(o.Items, p.Items...)
	if o.undated || !p.undated && p.Time.Before(o.Time) {
		o.Time, o.undated = p.Time, p.undated
	}
	if p.Refund.Known {
		o.Refund = p.Refund
	}
	if p.Discount.Known {
		o.Discount = domain.Known(o.Discount.Minor + p.Discount.Minor)
	}
	if o.Cost.Known = o.Cost.Known && p.Cost.Known; o.Cost.Known {
		o.Cost.Minor += p.Cost.Minor
	} else {
		o.Cost = domain.Optional{}
	}
	if o.Channel == "" {
		o.Channel = p.Channel
	}
	if o.PaymentMethod == "" {
		o.PaymentMethod = p.PaymentMethod
	}
	return nil
}

func differ[T any](column, reason string, first int64, a T, row int64, b T) *fault.Fault {
	return invalid(column, reason, "must be the same in all rows of an order: row %d has %v, row %d has %v", first, a, row, b)
}
