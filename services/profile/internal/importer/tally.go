package importer

import (
	"cmp"
	"slices"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// tally is what is counted of some rows. It is added to that of the import in
// the write that says they are durable, so that a row counts once however often
// it is read.
type tally struct {
	Counts         counts         `bson:"counts"`
	Refusals       []refusal      `bson:"-"` // their messages quote rows: see fromRows
	Reconciliation reconciliation `bson:"reconciliation"`
	// LastOrder is the time of the last order that a purchase history holds.
	LastOrder time.Time `bson:"last_order,omitempty"`
	// Ignored are members of JSON lines that are not known, the first few.
	Ignored []string `bson:"ignored,omitempty"`
}

// maxIgnored is how many members that are not known are told.
const maxIgnored = 10

// ignore notes the members of a row that nobody reads.
func (b *batch) ignore(c *columns, row sheet.Row) {
	for _, m := range row.Others {
		if !c.reads(m) {
			b.tally.ignored(clip(m.Name, maxValue))
		}
	}
}

func (t *tally) ignored(name string) {
	if len(t.Ignored) < maxIgnored && !slices.Contains(t.Ignored, name) {
		t.Ignored = append(t.Ignored, name)
	}
}

// counts of records, and of rows refused. LeftOut are single values.
type counts struct {
	Created   int64 `bson:"created"`
	Updated   int64 `bson:"updated"`
	Unchanged int64 `bson:"unchanged"`
	Rejected  int64 `bson:"rejected"`
	LeftOut   int64 `bson:"left_out,omitempty"`
	Taken     int64 `bson:"taken,omitempty"` // identifiers that stayed with other customers

	Blank  int64 `bson:"blank,omitempty"`  // rows without a value
	Totals int64 `bson:"totals,omitempty"` // rows that sum up others

	// Orders without a customer, by the reason.
	Unnamed  int64 `bson:"unnamed,omitempty"`
	Struck   int64 `bson:"struck,omitempty"`
	Unusable int64 `bson:"unusable,omitempty"`

	// Order ids that are longer than a spreadsheet's numbers, and those of them
	// that look rounded to one.
	LongIDs    int64 `bson:"long_ids,omitempty"`
	RoundedIDs int64 `bson:"rounded_ids,omitempty"`
}

func (c *counts) add(more counts) {
	c.Created += more.Created
	c.Updated += more.Updated
	c.Unchanged += more.Unchanged
	c.Rejected += more.Rejected
	c.LeftOut += more.LeftOut
	c.Taken += more.Taken
	c.Blank += more.Blank
	c.Totals += more.Totals
	c.Unnamed += more.Unnamed
	c.Struck += more.Struck
	c.Unusable += more.Unusable
	c.LongIDs += more.LongIDs
	c.RoundedIDs += more.RoundedIDs
}

// buyer counts an order by how it came by its customer.
func (c *counts) buyer(how buyer) {
	switch how {
	case unnamed:
		c.Unnamed++
	case struck:
		c.Struck++
	case unusable:
		c.Unusable++
	}
}

// refusal is how many rows were refused for one reason in one column. There are
// as many as there are reasons and columns.
type refusal struct {
	Reason  string `bson:"reason"`
	Column  string `bson:"column,omitempty"`
	Rows    int64  `bson:"rows"`
	First   int64  `bson:"first_row"`
	Message string `bson:"message"`
}

// refuse counts rows that were refused as one is.
func (t *tally) refuse(r *reject, rows int64) {
	t.Counts.Rejected += rows
	t.refusals(refusal{Reason: r.Reason, Column: r.Column, Rows: rows, First: r.Row, Message: r.Message})
}

func (t *tally) refusals(more refusal) {
	at := slices.IndexFunc(t.Refusals, func(r refusal) bool { return r.Reason == more.Reason && r.Column == more.Column })
	if at < 0 {
		t.Refusals = append(t.Refusals, more)
		return
	}
	r := &t.Refusals[at]
	r.Rows += more.Rows
	if more.First < r.First {
		r.First, r.Message = more.First, more.Message
	}
}

func (t *tally) add(more *tally) {
	t.Counts.add(more.Counts)
	t.Reconciliation.addAll(&more.Reconciliation)
	t.LastOrder = later(t.LastOrder, more.LastOrder)
	for _, r := range more.Refusals {
		t.refusals(r)
	}
	for _, name := range more.Ignored {
		t.ignored(name)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// clone is a copy that shares nothing.
func (t *tally) clone() tally {
	c := *t
	c.Refusals, c.Ignored = slices.Clone(t.Refusals), slices.Clone(t.Ignored)
	c.Reconciliation.Months = slices.Clone(t.Reconciliation.Months)
	return c
}

// shownRefusals is how many reasons an import tells.
const shownRefusals = 50

// refusalsProto are the most frequent reasons.
func (t *tally) refusalsProto() []*profilev1.RefusalCount {
	sorted := slices.SortedFunc(slices.Values(t.Refusals), func(a, b refusal) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.First, b.First), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Column, b.Column))
	})
	shown := make([]*profilev1.RefusalCount, min(len(sorted), shownRefusals))
	for i := range shown {
		r := sorted[i]
		shown[i] = &profilev1.RefusalCount{Reason: r.Reason, Column: r.Column, Rows: r.Rows, FirstRow: r.First, Message: r.Message}
	}
	return shown
}
