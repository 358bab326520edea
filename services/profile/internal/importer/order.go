package importer

import (
	"context"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// order is the rows of an order that is being put together, in the order of the
// file.
type order struct {
	key  string   // as in the ids of its lines, without the row
	rows []staged // all that are kept
	last string   // id of the last line
	read int64    // number of the last row
	// refused counts rows that were refused because there are too many.
	refused      int64
	firstRefused *reject
}

// holds reports whether the line belongs to the order.
func (o *order) holds(l *line) bool { return o.key == "" || o.key == keyOf(l) }

func keyOf(l *line) string { return l.ID[:strings.LastIndexByte(l.ID, '!')] }

// assembler puts orders together from their rows.
type assembler struct {
	rows    *orderRows
	columns *columns
	run     string
	rejects rejects
}

// addLine adds the rows of a line. A row that another line had too is one: a
// batch that did not become durable may have left more than was staged again.
// What an order cannot hold is refused at once, so that a file in which all rows
// are one order takes no memory.
func (a *assembler) addLine(ctx context.Context, o *order, l *line) error {
	o.key, o.last = keyOf(l), l.ID
	for _, row := range l.Rows {
		if row.Row > o.read {
			o.rows, o.read = append(o.rows, row), row.Row
		}
		if len(o.rows) <= domain.MaxItems {
			continue
		}
		why := invalid("order_id", "ORDER_TOO_LARGE", "must have at most %d rows", domain.MaxItems)
		rejects := make([]*reject, len(o.rows))
		for n, row := range o.rows {
			rejects[n] = a.columns.reject(a.run, row.Row, why, row.fields(a.columns))
		}
		if err := a.rejects.put(ctx, rejects); err != nil {
			return err
		}
		if o.firstRefused == nil {
			o.firstRefused = rejects[0]
		}
		o.refused += int64(len(rejects))
		o.rows = o.rows[:0]
	}
	return nil
}

// flaw is what keeps rows from being an order. row is the one at fault, 0 where
// all of them together are.
type flaw struct {
	row int64
	why *fault.Fault
}

// close adds a finished order to the others, or its rows to the rejects.
func (a *assembler) close(all *assembled, o *order) {
	if o.key == "" {
		return
	}
	all.lines += o.refused + int64(len(o.rows))
	all.end = o.last
	if o.refused > 0 {
		all.tally.refuse(o.firstRefused, o.refused)
		a.refuse(all, o, &flaw{why: invalid("order_id", "ORDER_TOO_LARGE", "must have at most %d rows", domain.MaxItems)})
		return
	}
	made, wrong := a.put(o)
	switch {
	case wrong != nil:
		a.refuse(all, o, wrong)
	case made.undated:
		all.tally.order(&made.Order, made.buyer, a.rows.zone)
	default:
		made.Row = o.rows[0].Row
		all.orders = append(all.orders, made.Order)
		all.buyers = append(all.buyers, made.buyer)
		all.parts = append(all.parts, o.rows)
	}
}

// refuse refuses all rows of an order: the one at fault for what is wrong with
// it, the others because without it the order is not complete.
func (a *assembler) refuse(all *assembled, o *order, wrong *flaw) {
	for _, row := range o.rows {
		why := wrong.why
		if wrong.row != 0 && row.Row != wrong.row {
			why = invalid("order_id", "ORDER_INCOMPLETE",
				"row %d of the same order was refused: without it the order's amount would be wrong", wrong.row)
		}
		all.refuse(a.columns.reject(a.run, row.Row, why, row.fields(a.columns)))
	}
}

// put puts the order together.
func (a *assembler) put(o *order) (reading, *flaw) {
	fields := make([][]string, len(o.rows))
	for n := range o.rows {
		fields[n] = o.rows[n].fields(a.columns)
	}
	if a.columns.orders.Amount == mapping.LineAmount {
		return a.sum(o.rows, fields)
	}
	return a.merge(o.rows, fields)
}

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
	item, any, f := a.rows.item(fields, p.money)
	switch {
	case f != nil:
		return p, f
	case !any && a.columns.has(string(mapping.SKU)):
		return p, invalid("sku", "VALUE_MISSING", "must not be empty in a file of items")
	case any:
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

// merge puts an order together whose rows repeat what is the order's, or leave it
// blank: of every column the first value counts, and no other may contradict it.
func (a *assembler) merge(rows []staged, fields [][]string) (whole reading, wrong *flaw) {
	merged, from := make([]string, a.columns.count), make([]int64, a.columns.count)
	for n, row := range fields {
		for at, value := range row {
			if merged[at] == "" && tidy(value) != "" {
				merged[at], from[at] = value, rows[n].Row
			}
		}
	}
	whole, f := a.rows.read(merged)
	if f != nil {
		return whole, &flaw{a.blame(f, from, rows[0].Row), f}
	}
	for n, row := range fields {
		if f := a.contradiction(&whole, merged, from, row, rows[n].Row); f != nil {
			return whole, &flaw{0, f}
		}
		item, any, f := a.rows.item(row, whole.money)
		switch {
		case f != nil:
			return whole, &flaw{rows[n].Row, f}
		case any:
			whole.Items = append(whole.Items, item)
		}
	}
	return whole, nil
}

// blame is the row from which the value at fault comes, the first where none has it.
func (a *assembler) blame(f *fault.Fault, from []int64, first int64) int64 {
	row := int64(0)
	for _, at := range a.columns.at[f.Violations[0].Field] {
		if from[at] != 0 && (row == 0 || from[at] < row) {
			row = from[at]
		}
	}
	if row == 0 {
		return first
	}
	return row
}

// contradiction reports a row that says something else about the order than what
// the rows before it say.
func (a *assembler) contradiction(whole *reading, merged []string, from []int64, row []string, number int64) *fault.Fault {
	if slices.Equal(row, merged) {
		return nil
	}
	r := a.rows
	stated := func(column string) int64 { return a.blame(invalid(column, "", ""), from, number) }
	if id, how, f := r.buyerIn(row); f == nil && how == named && whole.buyer == named && id != whole.Customer {
		return differ("customer_id", "ORDER_BUYERS_DIFFER", stated("customer_id"), whole.Customer, number, id)
	}
	if value := r.amount.in(row); value != "" && value != r.amount.in(merged) {
		if minor, f := amountIn("amount", value, whole.money); f != nil || minor != whole.Amount {
			return differ("amount", "ORDER_AMOUNTS_DIFFER", stated("amount"), tidy(r.amount.in(merged)), number, clip(tidy(value), 40))
		}
	}
	if value := r.refunded.in(row); value != "" && value != r.refunded.in(merged) {
		if minor, f := optionalAmountIn("refunded", value, whole.money); f != nil || minor != whole.Refund {
			return differ("refunded", "ORDER_REFUNDS_DIFFER", stated("refunded"), tidy(r.refunded.in(merged)), number, clip(tidy(value), 40))
		}
	}
	if value := r.currency.in(row); mapping.Fold(value) != mapping.Fold(r.currency.in(merged)) && value != "" {
		return differ("currency", "ORDER_CURRENCIES_DIFFER", stated("currency"), whole.Currency, number, clip(tidy(value), 40))
	}
	if value := r.status.in(row); value != "" && value != r.status.in(merged) {
		means, f := r.means(value)
		if first, _ := r.means(r.status.in(merged)); f != nil || means != first {
			return differ("status", "ORDER_STATUS_DIFFERS", stated("status"), tidy(r.status.in(merged)), number, clip(tidy(value), 40))
		}
	}
	return nil
}
