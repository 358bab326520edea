package importer

import (
	"context"
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

// addLine adds the rows of a line. A row that another line had too is one.
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
				"row %d of the same order was refused, and an order is taken in as a whole or not at all", wrong.row)
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
