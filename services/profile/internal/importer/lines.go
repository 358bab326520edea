package importer

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// line is rows of one order, staged until all rows of the file are there: those of
// one batch. The store sorts the lines by their ids, run!order!rows, or
// run!customer!order!rows where order ids are those of a customer.
//
// A batch that did not become durable may come again cut at other rows, while
// whoever sent it first is still writing. So the id tells the first row and the
// last: a line is never changed, and the rows of an order are those of all its
// lines together.
type line struct {
	docstore.Meta `bson:",inline"`
	Sealed        []byte   `bson:"sealed"` // the rows
	Rows          []staged `bson:"-"`

	order string // the part of the id before the rows
}

// stagedRows are the rows of a line as they are sealed.
type stagedRows struct {
	Rows []staged `bson:"rows"`
}

// staged is a row of a line: what stands in its known columns, in their order.
type staged struct {
	Row    int64    `bson:"row"`
	Values []string `bson:"values"`
}

// takeLine returns a function that stages a row which is an item. It refuses rows
// of which nobody can tell to which order they belong; what else is wrong with
// one shows when the order is put together.
func (r *orderRows) takeLine(run string) func(*batch, sheet.Row) *fault.Fault {
	known := r.columns.known()
	return func(b *batch, row sheet.Row) *fault.Fault {
		if len(row.Parts) > 0 {
			return invalid("sku", "ITEMS_IN_A_LIST", "the mapping says that a row is an item, and this one holds a list of them: say rows: order")
		}
		id, f := orderKey("order_id", r.id.in(row.Fields))
		if f != nil {
			return f
		}
		b.countID(id)
		parts := []string{run, id}
		if r.columns.orders.Amount == mapping.LineAmount {
			who, f := r.buyerIn(row.Fields)
			if f != nil {
				return f
			}
			parts = []string{run, who.customer, id}
		}
		values := make([]string, len(known))
		for n, at := range known {
			values[n] = row.Fields[at]
		}
		b.stage(docstore.ID(parts...), staged{row.Number, values})
		return nil
	}
}

// stage adds a row to the line of its order in the batch.
func (b *batch) stage(order string, row staged) {
	if b.staged == nil {
		b.staged = make(map[string]*line)
	}
	l := b.staged[order]
	if l == nil {
		l = &line{order: order}
		b.staged[order] = l
		b.lines = append(b.lines, l)
	}
	l.Rows = append(l.Rows, row)
}

// fields are those of the row as it was, as far as they are known.
func (s *staged) fields(c *columns) []string {
	fields := make([]string, c.count)
	for n, at := range c.known() {
		if n < len(s.Values) {
			fields[at] = s.Values[n]
		}
	}
	return fields
}

// lines keeps the staged lines.
type lines struct {
	docs  *docstore.Collection[line]
	vault *vault.Vault
}

func openLines(ctx context.Context, e docstore.Engine, v *vault.Vault, clock func() time.Time) (lines, error) {
	docs, err := docstore.Open(ctx, e, docstore.Schema[line]{Name: "import_lines"}, docstore.WithClock(clock))
	return lines{docs, v}, err
}

// put stages lines. A line that is there already is the same.
func (s lines) put(ctx context.Context, all []*line) error {
	if len(all) == 0 {
		return nil
	}
	ops := make([]docstore.Op[line], len(all))
	rows := make([]any, len(all))
	ids := make([]string, len(all))
	for i, l := range all {
		l.ID = l.order + "!" + rowKey(l.Rows[0].Row) + "-" + rowKey(l.Rows[len(l.Rows)-1].Row)
		ops[i] = docstore.Op[line]{Doc: l, Expect: docstore.Absent}
		rows[i], ids[i] = stagedRows{l.Rows}, l.ID
	}
	sealed, err := sealRows(ctx, s.vault, ofLines, ids, rows)
	if err != nil {
		return err
	}
	for i, l := range all {
		l.Sealed = sealed[i]
	}
	return ignoringConflicts(s.docs.Write(ctx, ops))
}

// scan yields the lines of a range.
func (s lines) scan(ctx context.Context, r docstore.Range) iter.Seq2[*line, error] {
	return func(yield func(*line, error) bool) {
		for l, err := range s.docs.Scan(ctx, r) {
			if err == nil {
				var rows stagedRows
				err = openRow(ctx, s.vault, ofLines, l.ID, l.Sealed, &rows)
				l.Rows = rows.Rows
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// purge removes all that a run has staged, and the key under which it was.
func (s lines) purge(ctx context.Context, run string) error {
	within := docstore.Within(docstore.ID(run))
	staged := false
	for _, err := range s.docs.ScanRaw(ctx, docstore.Range{From: within.From, To: within.To, Limit: 1}) {
		if err != nil {
			return err
		}
		staged = true
	}
	if !staged {
		return nil
	}
	if err := s.vault.Destroy(ctx, ofLines.subject(docstore.ID(run))); err != nil {
		return err
	}
	return s.docs.Purge(ctx, within)
}
