package importer

import (
	"context"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// order is an order that is being put together from its lines, which come in the
// order of their rows.
//
// Its amount and discount are the sums of its lines', its time is the earliest.
// Channel and payment method are those of the first line that states them. Its
// cost is only known when that of every line is.
type order struct {
	run      string
	key      string // run!customer!order, as in the ids of its lines
	lines    []*line
	last     string       // id of the last line
	count    int64        // of the lines, of which lines holds the first
	flaw     *fault.Fault // why all its rows are refused
	rejected int64        // rows of it that are stored as rejects already
}

// holds reports whether the line belongs to the order.
func (o *order) holds(l *line) bool { return o.key == "" || o.key == keyOf(l) }

func keyOf(l *line) string { return l.ID[:strings.LastIndexByte(l.ID, '!')] }

// addLine adds a line. What an order cannot hold is refused at once, so that a
// file in which all rows are one order takes no memory.
func (i *Importer) addLine(ctx context.Context, o *order, l *line) error {
	o.key, o.last = keyOf(l), l.ID
	o.count++
	o.lines = append(o.lines, l)
	if len(o.lines) <= domain.MaxItems {
		return nil
	}
	o.flaw = invalid("order_id", "ORDER_TOO_LARGE", "must have at most %d rows", domain.MaxItems)
	rejects := o.refuse()
	o.rejected += int64(len(rejects))
	o.lines = o.lines[:0]
	return i.rejects.put(ctx, rejects)
}

// refuse makes the rejects for the lines held. A row that was refused by itself
// has its own already.
func (o *order) refuse() []*reject {
	var all []*reject
	for _, l := range o.lines {
		if !l.Refused {
			all = append(all, newReject(o.run, l.Row, o.flaw, l.value(o.flaw.Violations[0].Field)))
		}
	}
	return all
}

// close adds a finished order to the others, or its rows to the rejects.
func (a *assembled) close(o *order) {
	if o.count == 0 {
		return
	}
	a.lines += o.count
	a.end = o.last
	if o.flaw == nil {
		o.flaw = o.check()
	}
	if o.flaw != nil {
		rejects := o.refuse()
		a.rejects = append(a.rejects, rejects...)
		a.rejected += o.rejected + int64(len(rejects))
		return
	}
	a.orders = append(a.orders, o.put())
	a.parts = append(a.parts, o.lines)
}

// check reports lines that do not make one order.
func (o *order) check() *fault.Fault {
	first := o.lines[0]
	for _, l := range o.lines {
		if l.Refused {
			return invalid("order_id", "ORDER_INCOMPLETE", "row %d of the same order was refused: without it the order's amount would be wrong", l.Row)
		}
	}
	for _, l := range o.lines {
		switch {
		case l.Currency != first.Currency:
			return invalid("currency", "ORDER_CURRENCIES_DIFFER", "must be the same in all rows of an order: row %d has %s, row %d has %s",
				first.Row, first.Currency, l.Row, l.Currency)
		case l.Status != first.Status:
			return invalid("status", "ORDER_STATUS_DIFFERS", "must be the same in all rows of an order: row %d has %q, row %d has %q",
				first.Row, first.Status, l.Row, l.Status)
		}
	}
	return nil
}

// put puts the order together.
func (o *order) put() domain.Order {
	ids := docstore.ParseID(o.key)
	first := o.lines[0]
	out := domain.Order{
		Customer: ids[1], ID: ids[2], Row: first.Row, Time: first.Time,
		Currency: first.Currency, Status: first.Status, Cost: domain.Known(0),
		Items: make([]domain.Item, len(o.lines)),
	}
	for n, l := range o.lines {
		out.Items[n] = domain.Item{
			SKU: l.SKU, QuantityMilli: l.QuantityMilli,
			Amount: domain.Known(l.Amount), Discount: optional(l.Discount),
		}
		out.Amount += l.Amount
		if l.Time.Before(out.Time) {
			out.Time = l.Time
		}
		if l.Discount != nil {
			out.Discount = domain.Known(out.Discount.Minor + *l.Discount)
		}
		if l.Cost == nil {
			out.Cost.Known = false
		} else {
			out.Cost.Minor += *l.Cost
		}
		if out.Channel == "" {
			out.Channel = l.Channel
		}
		if out.PaymentMethod == "" {
			out.PaymentMethod = l.PaymentMethod
		}
	}
	if !out.Cost.Known {
		out.Cost = domain.Optional{}
	}
	return out
}

// value is what stands in a column of the line's row, as it was read.
func (l *line) value(column string) string {
	ids := docstore.ParseID(l.ID)
	switch column {
	case "order_id":
		return ids[2]
	case "customer_id":
		return ids[1]
	case "currency":
		return l.Currency
	case "status":
		return string(l.Status)
	case "sku":
		return l.SKU
	case "channel":
		return l.Channel
	case "payment_method":
		return l.PaymentMethod
	case "order_time":
		return l.Time.UTC().Format("2006-01-02T15:04:05Z07:00")
	}
	return ""
}
