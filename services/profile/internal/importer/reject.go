package importer

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"
)

// reject is a row that was refused, or with LeftOut a value that was not taken
// over from a row that otherwise was.
type reject struct {
	docstore.Meta `bson:",inline"`
	Row           int64  `bson:"row"`
	Column        string `bson:"column,omitempty"`
	Reason        string `bson:"reason"`
	Sealed        []byte `bson:"sealed"` // refusedText

	refusedText `bson:"-"`
}

// refusedText is what tells of the row itself.
type refusedText struct {
	Value   string `bson:"value,omitempty"`
	Message string `bson:"message"`
}

// maxValue is how many characters of a value are kept with a reject.
const maxValue = 200

// newReject says why a row of an import's run is refused; value is what stands
// in the column at fault, or the whole row.
func newReject(run string, row int64, why *fault.Fault, value string) *reject {
	r := &reject{
		Meta: docstore.Meta{ID: docstore.ID(run, rowKey(row))},
		Row:  row, Reason: why.Reason,
		refusedText: refusedText{Value: clip(strings.ToValidUTF8(value, "\uFFFD"), maxValue), Message: why.Message},
	}
	if len(why.Violations) > 0 {
		r.Column = why.Violations[0].Field
		r.Message = why.Violations[0].Description
	}
	r.Message = strings.ToValidUTF8(r.Message, "\uFFFD")
	return r
}

// reject says why a row is refused, naming the column as the file does.
func (c *columns) reject(run string, row int64, why *fault.Fault, fields []string) *reject {
	field := why.Violations[0].Field
	r := newReject(run, row, why, c.in(fields, field))
	r.Column = clip(c.title(fields, field), maxValue)
	return r
}

// leftOut says that a value was left out of a row.
func leftOut(run string, row int64, why *fault.Fault, value string) *reject {
	r := newReject(run, row, why, value)
	r.ID = docstore.ID(run, rowKey(row), r.Column)
	r.Message += "; the row was taken over without it"
	return r
}

// rowKey makes rows sort by their number.
func rowKey(row int64) string { return fmt.Sprintf("%012d", row) }

// rejects keeps what was refused, by run and row.
type rejects struct {
	docs  *docstore.Collection[reject]
	vault *vault.Vault
}

func openRejects(ctx context.Context, e docstore.Engine, v *vault.Vault, clock func() time.Time) (rejects, error) {
	docs, err := docstore.Open(ctx, e, docstore.Schema[reject]{Name: "import_rejects"}, docstore.WithClock(clock))
	return rejects{docs, v}, err
}

// put stores the rejects. Storing them again changes nothing.
func (s rejects) put(ctx context.Context, all []*reject) error {
	if len(all) == 0 {
		return nil
	}
	ops := make([]docstore.Op[reject], len(all))
	texts := make([]any, len(all))
	ids := make([]string, len(all))
	for i, r := range all {
		ops[i] = docstore.Op[reject]{Doc: r, Expect: docstore.Any}
		texts[i], ids[i] = r.refusedText, r.ID
	}
	sealed, err := sealRows(ctx, s.vault, ofRejects, ids, texts)
	if err != nil {
		return err
	}
	for i, r := range all {
		r.Sealed = sealed[i]
	}
	errs, err := s.docs.Write(ctx, ops)
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// leftOut is how many values were left out of rows, from one row to another.
func (s rejects) leftOut(ctx context.Context, run string, first, last int64) (n int64, err error) {
	within := docstore.Range{From: docstore.ID(run, rowKey(first)), To: docstore.PrefixEnd(docstore.ID(run, rowKey(last)) + "!")}
	for entry, err := range s.docs.ScanRaw(ctx, within) {
		if err != nil {
			return 0, err
		}
		if len(docstore.ParseID(entry.ID)) > 2 {
			n++
		}
	}
	return n, nil
}

// of yields what was refused in a run, in the order of the rows.
func (s rejects) of(ctx context.Context, run string) iter.Seq2[*reject, error] {
	return func(yield func(*reject, error) bool) {
		for r, err := range s.docs.Scan(ctx, docstore.Within(docstore.ID(run))) {
			if err == nil {
				err = openRow(ctx, s.vault, ofRejects, r.ID, r.Sealed, &r.refusedText)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}
