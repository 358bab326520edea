package importer

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// line is one item of an order, staged until all rows of the file are there. The
// store sorts the lines by their ids, run!customer!order!row.
type line struct {
	docstore.Meta `bson:",inline"`
	Row           int64         `bson:"row"`
	Time          time.Time     `bson:"order_time"`
	Currency      string        `bson:"currency"`
	SKU           string        `bson:"sku"`
	QuantityMilli int64         `bson:"quantity_milli"`
	Amount        int64         `bson:"amount"`
	Discount      *int64        `bson:"discount,omitempty"`
	Cost          *int64        `bson:"cost,omitempty"`
	Channel       string        `bson:"channel,omitempty"`
	PaymentMethod string        `bson:"payment_method,omitempty"`
	Status        domain.Status `bson:"status,omitempty"`
	// Refused marks a row that could not be read, of an order that is then not
	// complete.
	Refused bool `bson:"refused,omitempty"`
}

// one is the quantity of a row that states none.
const one = 1000

// takeLine returns a function that adds the item of a row to the batch, for an
// import's run. Of a row that cannot be read it adds that the order lacks one,
// where the row names the order.
func (r *orderRows) takeLine(run string) func(*batch, sheet.Row) *fault.Fault {
	return func(b *batch, row sheet.Row) *fault.Fault {
		l, f := r.readLine(row)
		if l.ID == "" {
			return f
		}
		l.ID = docstore.ID(run) + l.ID + "!" + rowKey(row.Number)
		l.Row, l.Refused = row.Number, f != nil
		b.lines = append(b.lines, l)
		return f
	}
}

// readLine reads a row that is an item. The ID it returns is the part that names
// the order, empty where the row does not.
func (r *orderRows) readLine(row sheet.Row) (*line, *fault.Fault) {
	o, f := r.read(row)
	l := &line{
		Time: o.Time, Currency: o.Currency, Amount: o.Amount, QuantityMilli: one,
		Discount: pointer(o.Discount), Cost: pointer(o.Cost),
		Channel: o.Channel, PaymentMethod: o.PaymentMethod, Status: o.Status,
	}
	if o.ID != "" && o.Customer != "" {
		l.ID = "!" + docstore.ID(o.Customer, o.ID)
	}
	if f != nil {
		return l, f
	}
	if l.SKU = tidy(row.Fields[r.sku]); l.SKU == "" {
		return l, invalid("sku", "VALUE_MISSING", "must not be empty in a file of items")
	}
	if stated := tidy(at(row.Fields, r.quantity)); stated != "" {
		l.QuantityMilli, f = amount("quantity", stated, 3)
	}
	return l, f
}

func pointer(o domain.Optional) *int64 {
	if !o.Known {
		return nil
	}
	return &o.Minor
}

func optional(minor *int64) domain.Optional {
	if minor == nil {
		return domain.Optional{}
	}
	return domain.Known(*minor)
}

// lines keeps the staged lines.
type lines struct {
	docs *docstore.Collection[line]
}

func openLines(ctx context.Context, e docstore.Engine, clock func() time.Time) (lines, error) {
	docs, err := docstore.Open(ctx, e, docstore.Schema[line]{Name: "import_lines"}, docstore.WithClock(clock))
	return lines{docs}, err
}

// put stages lines. A line that is there already is the same.
func (s lines) put(ctx context.Context, all []*line) error {
	ops := make([]docstore.Op[line], len(all))
	for i, l := range all {
		ops[i] = docstore.Op[line]{Doc: l, Expect: docstore.Absent}
	}
	if len(ops) == 0 {
		return nil
	}
	return ignoringConflicts(s.docs.Write(ctx, ops))
}

// ignoringConflicts is the first error of a write that is not that the document
// was there already.
func ignoringConflicts(errs []error, err error) error {
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
	return nil
}

// purge removes all that a run has staged.
func (s lines) purge(ctx context.Context, run string) error {
	return s.docs.Purge(ctx, docstore.Within(docstore.ID(run)))
}
