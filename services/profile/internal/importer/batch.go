package importer

import (
	"errors"
	"io"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// A batch is written as soon as it has this many rows or bytes.
const (
	batchRows  = 4000
	batchBytes = 512 << 10
)

// batch is a run of whole rows, read and ready to be written.
type batch struct {
	from sheet.Mark // before it
	mark sheet.Mark // behind it

	header   []string // of the file, in the batch that begins it
	warnings []warning

	// The records; which of them depends on the file.
	orders    []domain.Order
	customers []domain.Customer
	lines     []*line

	columns *columns
	fields  []string // of the records' rows, one after the other
	rejects []*reject
	counts  counts
	bytes   int

	last    bool         // the file ends with it
	sum     []byte       // then the file's SHA-256
	failure *fault.Fault // why the file cannot be read on behind it
}

// value is what stands in a column of the row of the nth record.
func (b *batch) value(n int, column string) string {
	at := b.columns.place(column)
	if at < 0 {
		return ""
	}
	return b.fields[n*b.columns.count+at]
}

// empty reports that there is nothing to write for it.
func (b *batch) empty() bool {
	return b.mark.Offset == b.from.Offset && !b.last && b.failure == nil
}

// parser turns the bytes of a file into batches.
type parser struct {
	file    *file
	reader  *sheet.Reader
	columns *columns
	take    func(b *batch, row sheet.Row) *fault.Fault // adds the row's record to b
	batch   *batch
	last    bool
	now     time.Time
}

func newParser(f *file, now time.Time) (*parser, error) {
	reader, err := sheet.NewReader(f.Mark)
	if err != nil {
		return nil, err
	}
	p := &parser{file: f, reader: reader, now: now}
	if len(f.Header) > 0 {
		columns, err := columnsOf(f.Header, f.known())
		if err != nil {
			return nil, err
		}
		if err := p.begin(columns); err != nil {
			return nil, err
		}
	}
	p.batch = &batch{from: f.Mark, mark: f.Mark, columns: p.columns}
	return p, nil
}

// begin makes ready for rows with these columns.
func (p *parser) begin(c *columns) error {
	zone, err := time.LoadLocation(p.file.Zone)
	if err != nil {
		return fault.Invalid("import.time_zone", "is not known here: %q", p.file.Zone)
	}
	p.columns = c
	p.reader.Expect(c.count)
	switch {
	case p.file.Kind == ofCustomers:
		p.take = newCustomerRows(c, p.file.run(), p.now).take
	case itemLevel(c):
		p.take = newOrderRows(c, p.file.Currency, zone).takeLine(p.file.run())
	default:
		p.take = newOrderRows(c, p.file.Currency, zone).take
	}
	return nil
}

// feed adds the next bytes of the file.
func (p *parser) feed(data []byte, last bool) {
	p.reader.Feed(data, last)
	p.last = last
}

// fill reads rows into the batch until it is full, or no whole row is left.
func (p *parser) fill() (full bool, err error) {
	b := p.batch
	for len(b.fields)/max(1, p.width())+len(b.rejects) < batchRows && b.bytes < batchBytes {
		row, err := p.reader.Next()
		if errors.Is(err, io.EOF) {
			return false, p.settle()
		}
		if f, ok := fault.As(err); ok {
			b.failure = f
			return true, p.settle()
		}
		if err != nil {
			return false, err
		}
		if row.Number == 0 {
			if b.failure = p.readHeader(row); b.failure != nil {
				return true, p.settle()
			}
			continue
		}
		b.bytes += len(row.Text)
		p.addRow(row)
	}
	return true, p.settle()
}

func (p *parser) width() int {
	if p.columns == nil {
		return 1
	}
	return p.columns.count
}

// settle notes how far the batch goes.
func (p *parser) settle() (err error) {
	b := p.batch
	b.mark, err = p.reader.Mark()
	b.last = p.last && b.mark.Offset == p.file.Bytes && b.failure == nil
	if b.last {
		b.sum = p.reader.Sum()
		if p.columns == nil {
			b.failure = fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file is empty: its first row must name the columns")
		}
	}
	return err
}

func (p *parser) readHeader(row sheet.Row) *fault.Fault {
	c, err := headerOf(row, p.file.known())
	if err == nil {
		err = p.begin(c)
	}
	if f, ok := fault.As(err); ok {
		return f
	}
	p.batch.columns = c
	p.batch.header = append([]string(nil), row.Fields...)
	if len(c.ignored) > 0 {
		p.batch.warnings = append(p.batch.warnings, warning{"COLUMNS_IGNORED", "these columns are not known and were ignored: " + quoteSome(c.ignored)})
	}
	return nil
}

func (p *parser) addRow(row sheet.Row) {
	b := p.batch
	f := row.Fault
	if f == nil {
		f = p.take(b, row)
	}
	if f == nil {
		b.fields = append(b.fields, row.Fields...)
		return
	}
	value := row.Text
	if len(f.Violations) > 0 {
		value = ""
		if at := p.columns.place(f.Violations[0].Field); at >= 0 && at < len(row.Fields) {
			value = row.Fields[at]
		}
	}
	b.rejects = append(b.rejects, newReject(p.file.run(), row.Number, f, value))
	b.counts.Rejected++
}

// cut takes the batch, and begins the next behind it, which is likely to be as large.
func (p *parser) cut() *batch {
	b := p.batch
	p.batch = &batch{
		from: b.mark, mark: b.mark, columns: p.columns,
		orders: make([]domain.Order, 0, len(b.orders)), fields: make([]string, 0, len(b.fields)),
	}
	return b
}
