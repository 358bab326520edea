// Package delimited reads the rows of a text file with a delimiter between fields,
// however large the file, and ends a row that does not.
package delimited

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"

	"github.com/kehuhq/kehu/pkg/fault"
)

// LongestRow is the most bytes that a row may have.
const LongestRow = 1 << 20

// Reader reads rows.
type Reader struct {
	csv   *csv.Reader
	limit *limit
}

// NewReader reads UTF-8, with or without a byte order mark. The delimiter is a
// comma, a semicolon or a tab, told from the first row where it is empty. Lazy
// takes a quote that is out of place for a character like any other.
func NewReader(from io.Reader, delimiter string, lazy bool) *Reader {
	r := &Reader{limit: &limit{from: from}}
	text := bufio.NewReaderSize(r.limit, 64<<10)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = text.Discard(3) // what has been peeked at is there
	}
	r.csv = csv.NewReader(text)
	r.csv.Comma, r.csv.FieldsPerRecord, r.csv.ReuseRecord, r.csv.LazyQuotes = told(text, delimiter), -1, true, lazy
	return r
}

// Next is the next row, valid until it is asked for another. Blank lines are none.
// It is io.EOF at the end, a *csv.ParseError for a row with a quote out of place,
// behind which reading may go on, and an InvalidArgument fault ROW_TOO_LONG for one
// without end.
func (r *Reader) Next() ([]string, error) {
	r.limit.read = 0
	fields, err := r.csv.Read()
	var tooLong *fault.Fault
	if errors.As(err, &tooLong) {
		return nil, tooLong
	}
	return fields, err
}

// told is the delimiter stated, or that of the first row.
func told(text *bufio.Reader, stated string) rune {
	if stated != "" {
		return rune(stated[0])
	}
	head, _ := text.Peek(8 << 10) // less where the file is shorter
	return Separator(head)
}

// Separator is which of comma, semicolon and tab stands most often in the first line of
// a text, outside of quotes; a comma where none does.
func Separator(text []byte) rune {
	counts, quoted := map[byte]int{}, false
	for _, b := range text {
		if (b == '\n' || b == '\r') && !quoted {
			break
		}
		if b == '"' {
			quoted = !quoted
		}
		if !quoted {
			counts[b]++
		}
	}
	most := byte(',')
	for _, b := range []byte{';', '\t'} {
		if counts[b] > counts[most] {
			most = b
		}
	}
	return rune(most)
}

// limit fails once a row has taken too many bytes, before all of the file is in
// memory, as it would be behind a quote that is never closed.
type limit struct {
	from io.Reader
	read int
}

func (l *limit) Read(p []byte) (int, error) {
	if l.read > LongestRow {
		return 0, fault.New(fault.InvalidArgument, "ROW_TOO_LONG", "a row has more than %d bytes: a quote may not be closed", LongestRow)
	}
	n, err := l.from.Read(p)
	l.read += n
	return n, err
}
