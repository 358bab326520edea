// Package orderscan reads of a table of orders who bought, on which day and for
// how much, as fast as the cores allow: for analyses of millions of rows that need
// no more. Exports of shops, returns and states of orders are for kehu analyze.
package orderscan

import (
	"errors"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// Columns are titles of columns.
type Columns struct {
	Customer, Time, Amount string
	Currency               string // may be missing from the file
}

// Options say what to read, and how.
type Options struct {
	Columns
	Format table.Format
	// Zone is where days begin, for times that state an offset from UTC. Others
	// are of the shop's own day.
	Zone *time.Location
	// Keep takes only rows in this currency (ISO 4217). It is the currency of all
	// rows where the file has no column of it; empty, amounts are then taken to have
	// two decimals and Currency stays empty.
	Keep  string
	Cores int // 1 or more
}

// Orders are what was read. Customers are numbered in the order of their ids, by
// bytes.
type Orders struct {
	stat.Purchases
	IDs      []string
	Currency string
	Rows     int64 // of the file
	Skipped  int64 // of them, in another currency than the one asked for
	Last     int32 // day of the last order, days since 1970-01-01
}

// Date is a day as the text YYYY-MM-DD.
func Date(day int32) string { return time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly) }

// Read reads the file at path. What is wrong with it is an InvalidArgument fault
// that names row and column.
func Read(path string, o Options, report progress.Reporter) (*Orders, error) {
	if o.Keep != "" {
		if f := money.Check("currency", o.Keep); f != nil {
			return nil, f
		}
	}
	l, workers, err := plainly(path, o, report)
	if err != nil {
		return nil, err
	}
	if workers != nil {
		return l.join(workers, o.Cores)
	}
	t, err := table.Open(path, o.Format, report)
	if err != nil {
		return nil, err
	}
	if l, err = newLayout(t, o); err == nil {
		workers, err = l.walk(t)
	}
	if err = errors.Join(err, t.Close()); err != nil {
		return nil, err
	}
	return l.join(workers, o.Cores)
}

// plainly reads the file in the hope that it is UTF-8 without quotes, which can be
// cut at line breaks. Without workers it is not, or is no file of orders at all.
func plainly(path string, o Options, report progress.Reporter) (*layout, []*worker, error) {
	if o.Format.Encoding == "gb18030" || o.Format.Sheet != "" {
		return nil, nil, nil
	}
	o.Format.Encoding = "utf-8"
	t, err := table.Open(path, o.Format, report)
	if err != nil {
		return nil, nil, nil //nolint:nilerr // it is opened again, and refused, without the guess
	}
	l, err := newLayout(t, o)
	plain, _ := t.Plain()
	if err = errors.Join(err, t.Close()); err != nil {
		return nil, nil, nil //nolint:nilerr // as above
	}
	workers, err := l.scan(plain, o.Cores)
	return l, workers, err
}

// layout is which field of a row is what.
type layout struct {
	titles                           []string
	customer, time, amount, currency int // the last −1 without a column
	most                             int // the last field needed
	zone                             *time.Location
	keep                             string
	delimiter                        byte
}

func newLayout(t *table.Table, o Options) (l *layout, err error) {
	l = &layout{titles: t.Titles, zone: o.Zone, keep: o.Keep, delimiter: t.Delimiter()}
	for _, c := range []struct {
		title string
		at    *int
	}{{o.Customer, &l.customer}, {o.Time, &l.time}, {o.Amount, &l.amount}} {
		if *c.at, err = t.Column(c.title); err != nil {
			return nil, err
		}
	}
	if l.currency, err = t.Column(o.Currency); err != nil {
		if fault.ReasonOf(err) != "COLUMN_NOT_FOUND" {
			return nil, err
		}
		l.currency = -1
	}
	l.most = max(l.customer, l.time, l.amount, l.currency)
	return l, nil
}

// wrong is a fault about a cell, whose row is counted later.
func (l *layout) wrong(column int, cell []byte, requirement string) *cellError {
	return &cellError{reason: "CELL_INVALID", message: "column " + l.titles[column] + ": " + requirement, cell: string(cell[:min(len(cell), 80)])}
}

// cellError waits for the number of its row.
type cellError struct{ reason, message, cell string }

func (e *cellError) in(row int64) error {
	if e.cell == "" {
		return fault.New(fault.InvalidArgument, e.reason, "row %d, %s, is empty", row, e.message)
	}
	return fault.New(fault.InvalidArgument, e.reason, "row %d, %s, is %q", row, e.message, strings.ToValidUTF8(e.cell, "?"))
}
