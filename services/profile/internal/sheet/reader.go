// Package sheet reads delimited text (RFC 4180) as it arrives in chunks. It
// knows at which byte of the file each row ends, so that reading goes on behind
// any row, and gives the same rows however the file was cut into chunks.
package sheet

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode/utf8"

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
	Text   string   // as it stands in the file, without the line break
	Fields []string // without their quotes; the slice is valid until the next row is read
	// Fault says why the row cannot be read: Fields are then as far as they
	// could be told apart, and reading goes on behind the row.
	Fault *fault.Fault
}

// Mark is a place between two rows at which reading goes on. The zero Mark is
// the beginning of the file.
type Mark struct {
	Offset int64  // bytes of the file before it
	Rows   int64  // rows before it, the header included
	Digest []byte // state of the SHA-256 over the bytes before it
}

// Reader cuts a file that arrives in chunks into rows. Line breaks are LF, CR LF
// or CR; inside of quotes they belong to the field.
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
}

// NewReader reads on from a mark.
func NewReader(from Mark) (*Reader, error) {
	r := &Reader{offset: from.Offset, rows: from.Rows, digest: sha256.New()}
	r.scan.reset(0)
	if from.Digest == nil {
		return r, nil
	}
	if err := r.digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(from.Digest); err != nil {
		return nil, fmt.Errorf("digest of a mark: %w", err)
	}
	return r, nil
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
	return Mark{Offset: r.offset + int64(r.start), Rows: r.rows, Digest: state}, err
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
			r.begin(len(byteOrderMark))
		}
	}
	for {
		end, whole := r.scan.next(r.buf, r.start, r.last)
		if !whole {
			if r.scan.tooLong {
				return Row{}, inRow(r.rows, "ROW_TOO_LONG", "has more than %d bytes without a line break: this is not a CSV file", MaxRowBytes)
			}
			return Row{}, io.EOF
		}
		text := bytes.TrimRight(r.buf[r.start:end], "\r\n")
		if r.scan.flaw == nil && len(text) == 0 {
			r.begin(end)
			continue // a blank line
		}
		row := r.row(string(text))
		r.begin(end)
		r.rows++
		return row, nil
	}
}

// begin makes the next row begin at an index of buf.
func (r *Reader) begin(at int) {
	r.start = at
	r.scan.reset(at)
}

func (r *Reader) row(text string) Row {
	row := Row{Number: r.rows, Text: text, Fault: r.scan.flaw}
	if row.Fault == nil {
		row.Fault = checkText(text)
	}
	r.fields = split(text, r.fields[:0])
	row.Fields = r.fields
	if row.Fault == nil && r.columns > 0 && len(row.Fields) != r.columns {
		row.Fault = fault.New(fault.InvalidArgument, "ROW_RAGGED",
			"the row has %s fields where the header has %d", count(len(row.Fields)), r.columns)
	}
	return row
}

func count(fields int) string {
	if fields > MaxColumns {
		return fmt.Sprintf("more than %d", MaxColumns)
	}
	return fmt.Sprint(fields)
}

// split tells the fields of a row apart, MaxColumns and one at most. Where the
// row is malformed it does what it can.
func split(text string, to []string) []string {
	for len(to) <= MaxColumns {
		var field string
		var more bool
		if strings.HasPrefix(text, `"`) {
			field, text, more = quoted(text[1:])
		} else {
			field, text, more = strings.Cut(text, ",")
		}
		to = append(to, field)
		if !more {
			break
		}
	}
	return to
}

// quoted reads a field behind its opening quote, and returns what follows the
// comma behind it.
func quoted(text string) (field, rest string, more bool) {
	doubled := false
	for at := 0; ; {
		next := strings.IndexByte(text[at:], '"')
		if next < 0 {
			return text, "", false
		}
		at += next
		if strings.HasPrefix(text[at+1:], `"`) {
			doubled = true
			at += 2
			continue
		}
		field, rest = text[:at], text[at+1:]
		break
	}
	if doubled {
		field = strings.ReplaceAll(field, `""`, `"`)
	}
	_, rest, more = strings.Cut(rest, ",")
	return field, rest, more
}

func checkText(row string) *fault.Fault {
	switch {
	case strings.IndexByte(row, 0) >= 0:
		return fault.New(fault.InvalidArgument, "ROW_NOT_TEXT", "the row holds a NUL byte: it is not text")
	case !utf8.ValidString(row):
		return fault.New(fault.InvalidArgument, "ROW_NOT_UTF8", "the row is not UTF-8%s: save the file as CSV UTF-8", encodingOf([]byte(row)))
	}
	return nil
}

// inRow is a fault of the file that shows in a row.
func inRow(number int64, reason, format string, args ...any) *fault.Fault {
	place := "the header "
	if number > 0 {
		place = fmt.Sprintf("row %d ", number)
	}
	return fault.New(fault.InvalidArgument, reason, place+format, args...)
}
