// Package sheet reads delimited text (RFC 4180) and JSON lines as they arrive in
// chunks. It tells syntax, delimiter and encoding from the file where they are not
// stated, knows at which byte of the file each row ends, so that reading goes on
// behind any row, and gives the same rows however the file was cut into chunks.
package sheet

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Limits of what is read. A field is at most as long as its row.
const (
	MaxRowBytes = 1 << 20
	MaxColumns  = 1000
)

// Row is one record of the file. Blank lines are no rows.
type Row struct {
	Number int64    // 0 for the header, from 1 for the row behind it
	Text   string   // as it stands in the file, in UTF-8 and without the line break
	Fields []string // without their quotes, nor ="" around them; the slice is valid until the next row is read
	// Parts, in JSON lines, are the fields of the objects in a list under which there
	// are titles, as items.sku is: each has the length of Fields and holds nothing else.
	Parts [][]string
	// Others, in JSON lines, are the members that have no title.
	Others Object
	// Fault says why the row cannot be read: Fields are then as far as they
	// could be told apart, and reading goes on behind the row.
	Fault *fault.Fault
}

// Blank reports a row in whose fields nothing stands but spaces, however many
// they are: spreadsheets leave such rows below a table.
func (r Row) Blank() bool {
	if r.Fault != nil && r.Fault.Reason != ragged || len(r.Parts) > 0 || len(r.Others) > 0 {
		return false
	}
	for _, field := range r.Fields {
		if strings.TrimSpace(field) != "" {
			return false
		}
	}
	return true
}

// ragged is the reason of a row with more or fewer fields than expected.
const ragged = "ROW_RAGGED"

// Mark is a place between two rows at which reading goes on. The zero Mark is
// the beginning of the file.
type Mark struct {
	Offset int64  // bytes of the file before it
	Rows   int64  // rows before it, the header included
	Digest []byte // state of the SHA-256 over the bytes before it
	// Skipping tells that the mark lies within a line of JSON that is too long: what
	// is left of it is no row.
	Skipping bool `bson:"skipping,omitempty"`
}

// Reader cuts a file that arrives in chunks into rows. Line breaks are LF, CR LF
// or CR; inside of quotes they belong to the field. GB18030 has none of them, nor
// of the delimiters and quotes, in its characters of several bytes: rows are cut
// before they are decoded.
type Reader struct {
	buf    []byte
	offset int64 // in the file, of buf[0]
	last   bool  // the file ends with buf
	start  int   // in buf, of the row that comes next
	summed int   // in buf, up to which the digest goes

	rows    int64
	columns int // that each row must have; 0 takes any
	fields  []string
	digest  hash.Hash

	scan scanner
	open []scanner // of the delimiters there may be, until the header tells

	encoding Encoding
	decoded  []byte

	syntax   Syntax
	paths    *paths // of the titles in JSON lines
	looked   int    // bytes behind start among which no line break is
	skipping bool
}

// NewReader reads on from a mark. The format is that of the Reader which came up
// to it; at the beginning of the file it is what is known of it. An InvalidArgument
// fault names the part of the format that cannot be.
func NewReader(from Mark, format Format) (*Reader, error) {
	if err := format.check(); err != nil {
		return nil, err
	}
	if from.Rows > 0 && format.Delimiter == "" {
		format.Delimiter = Delimiters[0]
	}
	if from.Rows > 0 && format.Syntax == OpenSyntax {
		format.Syntax = Delimited
	}
	r := &Reader{
		offset: from.Offset, rows: from.Rows, digest: sha256.New(), encoding: format.Encoding,
		syntax: format.Syntax, skipping: from.Skipping,
	}
	if r.open = format.scanners(); len(r.open) == 1 {
		r.scan, r.open = r.open[0], nil
	}
	if from.Digest == nil {
		return r, nil
	}
	if err := r.digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(from.Digest); err != nil {
		return nil, fmt.Errorf("digest of a mark: %w", err)
	}
	return r, nil
}

// Format is how the file is written, as far as that has been told: its delimiter
// from the header on, its encoding from the first row on with a few characters that
// are not ASCII, or from a byte order mark, which goes before what was stated.
func (r *Reader) Format() Format {
	if r.open != nil || r.syntax == JSONLines {
		return Format{Syntax: r.syntax, Encoding: r.encoding}
	}
	return Format{Syntax: r.syntax, Encoding: r.encoding, Delimiter: r.scan.delimiter}
}

// Expect makes every further row be refused that has not this many fields.
func (r *Reader) Expect(columns int) { r.columns = columns }

// Feed adds the next bytes of the file; last says that they are its end.
func (r *Reader) Feed(chunk []byte, last bool) {
	r.sum()
	if r.start > 0 {
		r.buf = r.buf[:copy(r.buf, r.buf[r.start:])]
	}
	r.buf = append(r.buf, chunk...)
	r.offset += int64(r.start)
	r.scan.shift(r.start)
	for i := range r.open {
		r.open[i].shift(r.start)
	}
	r.start, r.summed, r.last = 0, 0, last
}

// sum takes the bytes of the rows read so far into the digest.
func (r *Reader) sum() {
	r.digest.Write(r.buf[r.summed:r.start])
	r.summed = r.start
}

// Mark is the place behind the row read last, and behind blank lines there.
func (r *Reader) Mark() (Mark, error) {
	r.sum()
	state, err := r.digest.(encoding.BinaryMarshaler).MarshalBinary()
	return Mark{Offset: r.offset + int64(r.start), Rows: r.rows, Digest: state, Skipping: r.skipping}, err
}

// Sum is the SHA-256 of all before the Mark.
func (r *Reader) Sum() []byte {
	r.sum()
	return r.digest.Sum(nil)
}

// Next returns the next whole row. It returns io.EOF when what is left is not
// yet a whole row, or nothing, and a fault when the file cannot be read on.
func (r *Reader) Next() (Row, error) {
	if r.offset == 0 && r.start == 0 {
		if len(r.buf) < magicBytes && !r.last {
			return Row{}, io.EOF
		}
		if f := sniff(r.buf); f != nil {
			return Row{}, f
		}
		if bytes.HasPrefix(r.buf, byteOrderMark) {
			r.encoding = UTF8
			r.begin(len(byteOrderMark))
		}
	}
	if r.syntax == OpenSyntax && !r.tellSyntax() {
		return Row{}, io.EOF
	}
	if r.syntax == JSONLines {
		return r.nextLine()
	}
	for {
		end, whole := r.cut()
		if !whole {
			if r.scan.tooLong {
				return Row{}, inRow(r.rows, "ROW_TOO_LONG", "has more than %d bytes without a line break: this is not a CSV file", MaxRowBytes)
			}
			return Row{}, io.EOF
		}
		line := lineOf(r.buf[r.start:end])
		if r.scan.flaw == nil && len(line) == 0 {
			r.begin(end)
			continue // a blank line
		}
		row := r.row(line)
		r.begin(end)
		r.rows++
		return row, nil
	}
}

// cut returns the index in buf behind the next row, its line break included. It
// is not whole when more of the file is needed, or when the line is too long.
func (r *Reader) cut() (end int, whole bool) {
	if r.open != nil {
		return r.cutHeader()
	}
	return r.scan.next(r.buf, r.start, r.last)
}

// lineOf is a row without its line break.
func lineOf(row []byte) []byte { return bytes.TrimRight(row, "\r\n") }

// begin makes the next row begin at an index of buf.
func (r *Reader) begin(at int) {
	r.start, r.looked = at, 0
	r.scan.reset(at)
	for i := range r.open {
		r.open[i].reset(at)
	}
}

func (r *Reader) row(line []byte) Row {
	text, flaw := r.read(line)
	row := Row{Number: r.rows, Text: text, Fault: r.scan.flaw}
	if row.Fault == nil {
		row.Fault = flaw
	}
	r.fields = split(text, r.scan.delimiter, r.fields[:0])
	row.Fields = r.fields
	if row.Fault != nil || r.columns == 0 {
		return row
	}
	row.Fields = withoutSurplus(r.fields, r.columns)
	if len(row.Fields) != r.columns {
		row.Fault = fault.New(fault.InvalidArgument, ragged,
			"the row has %s fields where the header has %d", count(len(row.Fields)), r.columns)
	}
	return row
}

// withoutSurplus is the fields of a row without blank ones that go beyond the
// columns: some exports end their rows, but not the header, with a delimiter.
func withoutSurplus(fields []string, columns int) []string {
	if len(fields) > MaxColumns {
		return fields // what comes behind is not known
	}
	for len(fields) > columns && strings.TrimSpace(fields[len(fields)-1]) == "" {
		fields = fields[:len(fields)-1]
	}
	return fields
}

func count(fields int) string {
	if fields > MaxColumns {
		return fmt.Sprintf("more than %d", MaxColumns)
	}
	return fmt.Sprint(fields)
}

// inRow is a fault of the file that shows in a row.
func inRow(number int64, reason, format string, args ...any) *fault.Fault {
	place := "the header "
	if number > 0 {
		place = fmt.Sprintf("row %d ", number)
	}
	return fault.New(fault.InvalidArgument, reason, place+format, args...)
}
