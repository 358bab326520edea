package importer

import (
	"errors"
	"io"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
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

	header   []string     // of the file, in the batch that begins it
	format   sheet.Format // of the file, as far as it shows by the batch's end
	warnings []warning

	// The records; which of them depends on the file.
	orders    []domain.Order
	buyers    []buyer // of each order
	customers []domain.Customer
	lines     []*line
	staged    map[string]*line // the lines by their orders

	events     []events.Item
	consents   []consents.Given
	identities []app.Identity
	rowOf      []int64 // of each of these

	columns *columns
	fields  []string // of the records' rows, one after the other
	rejects []*reject
	tally   tally
	rows    int
	bytes   int

	last    bool         // the file ends with it
	sum     []byte       // then the file's SHA-256
	failure *fault.Fault // why the file cannot be read on behind it
}

// row is the fields of the row of the nth record.
func (b *batch) row(n int) []string { return b.fields[n*b.columns.count : (n+1)*b.columns.count] }

// refuse notes that a row is refused. The fault names a column by its field.
func (b *batch) refuse(run string, row int64, why *fault.Fault, fields []string) {
	r := b.columns.reject(run, row, why, fields)
	b.rejects = append(b.rejects, r)
	b.tally.refuse(r, 1)
}

// countID notes whether the id of an order looks rounded by a spreadsheet.
func (b *batch) countID(id string) {
	if len(id) > maxExactDigits && digits(id) {
		b.tally.Counts.LongIDs++
		if roundedID(id) {
			b.tally.Counts.RoundedIDs++
		}
	}
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
	// pseudonym is Recorder.Pseudonym.
	pseudonym func(domain.Identifier) (string, error)
	types     map[string]domain.ValueType // of the attributes that are defined
}

func newParser(f *file, now time.Time, pseudonym func(domain.Identifier) (string, error), types map[string]domain.ValueType) (*parser, error) {
	reader, err := sheet.NewReader(f.Mark, f.format())
	if err != nil {
		return nil, err
	}
	p := &parser{file: f, reader: reader, now: now, pseudonym: pseudonym, types: types}
	if len(f.Header) > 0 {
		columns, err := columnsOf(f.Header, f.layout(f.format().Syntax))
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
	zone, err := p.file.zone()
	if err != nil {
		return err
	}
	p.columns = c
	p.reader.Expect(c.count)
	if c.json {
		p.reader.ExpectPaths(c.header, mapping.Fold)
	}
	switch {
	case p.file.Kind == ofCustomers:
		p.take = newCustomerRows(c, p.file.run(), p.now, p.types).take
	case p.file.Kind == ofEvents:
		p.take = newEventRows(c, p.file.run(), zone).take
	case p.file.Kind == ofConsents:
		p.take = (&consentRows{c, p.file.run(), zone}).take
	case p.file.Kind == ofIdentities:
		p.take = (&identityRows{c}).take
	case c.itemLevel():
		p.take = newOrderRows(c, p.file.Currency, zone, p.pseudonym).takeLine(p.file.run())
	default:
		p.take = newOrderRows(c, p.file.Currency, zone, p.pseudonym).take
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
	for b.rows < batchRows && b.bytes < batchBytes {
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
		b.rows++
		b.bytes += len(row.Text)
		p.addRow(row)
	}
	return true, p.settle()
}

// settle notes how far the batch goes.
func (p *parser) settle() (err error) {
	b := p.batch
	b.mark, err = p.reader.Mark()
	b.format = p.reader.Format()
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
	c, err := headerOf(row, p.file.layout(p.reader.Format().Syntax))
	if err == nil {
		err = p.begin(c)
	}
	if f, ok := fault.As(err); ok {
		return f
	}
	p.batch.columns = c
	p.batch.header = c.header
	p.batch.warnings = append(p.batch.warnings, c.warnings()...)
	return nil
}

func (p *parser) addRow(row sheet.Row) {
	b, f := p.batch, row.Fault
	b.ignore(p.columns, row)
	if p.columns.orders != nil && !p.columns.ours {
		emptyPlaceholders(row.Fields)
	}
	switch {
	case row.Blank():
		b.tally.Counts.Blank++
		return
	case p.columns.orders != nil && !p.columns.json && p.columns.isTotal(row.Fields):
		b.tally.Counts.Totals++
		return
	case f == nil:
		f = p.take(b, row)
	}
	switch {
	case f == nil:
	case len(f.Violations) > 0:
		b.refuse(p.file.run(), row.Number, f, row.Fields)
	default:
		r := newReject(p.file.run(), row.Number, f, row.Text)
		b.rejects = append(b.rejects, r)
		b.tally.refuse(r, 1)
	}
}

// cut takes the batch, and begins the next behind it, which is likely to be as large.
func (p *parser) cut() *batch {
	b := p.batch
	p.batch = &batch{
		from: b.mark, mark: b.mark, columns: p.columns,
		orders: make([]domain.Order, 0, len(b.orders)), buyers: make([]buyer, 0, len(b.buyers)),
		fields: make([]string, 0, len(b.fields)),
		events: make([]events.Item, 0, len(b.events)), rowOf: make([]int64, 0, len(b.rowOf)),
	}
	return b
}
