// Package table reads columns of a table of any titles, for the commands that
// compute something of them: CSV in UTF-8 or GB18030, or a workbook (.xlsx).
package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/delimited"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
	"github.com/kehuhq/kehu/services/kehu/internal/workbook"
)

// Limits of a table.
const (
	MaxRowBytes = delimited.LongestRow
	MaxColumns  = 16384
)

// Format says how a file is written. What is empty or "auto" is told from it.
type Format struct {
	Encoding  string // utf-8 or gb18030
	Delimiter string // comma, semicolon or tab
	Sheet     string // of a workbook; the first with anything on it
}

var delimiters = map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t'}

// Table is an open file. Rows are counted from 1 below the header; blank lines are
// no rows.
type Table struct {
	Titles []string // of the header, without the spaces around them

	rows  *csv.Reader
	row   int64
	plain *Plain // of a text in UTF-8
	close func() error
}

// Plain is where the rows of a file in UTF-8 lie, for who cuts it by lines.
type Plain struct {
	Path  string
	Begin int64 // byte at which the first row begins
}

// Plain tells where the rows lie, if the file is in UTF-8.
func (t *Table) Plain() (Plain, bool) {
	if t.plain == nil {
		return Plain{}, false
	}
	return *t.plain, true
}

// Delimiter is what stands between two fields.
func (t *Table) Delimiter() byte { return byte(t.rows.Comma) }

// Open opens the file at path and reads its header. What is wrong with it is an
// InvalidArgument fault.
func Open(path string, f Format, report progress.Reporter) (t *Table, err error) {
	t = &Table{close: func() error { return nil }}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	is, err := workbook.Is(path)
	if err != nil {
		return t, err
	}
	if is {
		if path, err = t.unfold(path, f, report); err != nil {
			return t, err
		}
		f = Format{Encoding: "utf-8", Delimiter: "comma"}
	} else if f.Sheet != "" {
		return t, fault.Invalid("sheet", "must be left out: %s is no workbook", path)
	}
	if f.Encoding == "" || f.Encoding == "auto" {
		if f.Encoding, err = encoding(path, report); err != nil {
			return t, err
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return t, err
	}
	t.then(file.Close)
	var text io.Reader = file
	if f.Encoding == "gb18030" {
		text = simplifiedchinese.GB18030.NewDecoder().Reader(file)
	}
	if err := t.begin(&lines{from: text}, f.Delimiter); err != nil {
		return t, err
	}
	if f.Encoding == "utf-8" {
		t.plain.Path = path
	} else {
		t.plain = nil
	}
	return t, nil
}

// Close closes the file.
func (t *Table) Close() error { return t.close() }

// then has Close do something more, before the rest.
func (t *Table) then(do func() error) {
	rest := t.close
	t.close = func() error { return errors.Join(do(), rest()) }
}

func (t *Table) unfold(path string, f Format, report progress.Reporter) (string, error) {
	auto := func(s string) bool { return s == "" || s == "auto" }
	if !auto(f.Encoding) || !auto(f.Delimiter) {
		return "", fault.Invalid("encoding", "and delimiter are for text files; %s is a workbook", path)
	}
	sheet, err := workbook.Convert(path, f.Sheet, report)
	if err != nil {
		return "", err
	}
	t.then(sheet.Remove)
	return sheet.Path, nil
}

// encoding is what every byte of the file agrees with.
func encoding(path string, report progress.Reporter) (string, error) {
	checked, err := upload.Check(path, report)
	switch {
	case err != nil:
		return "", err
	case checked.Bytes == 0:
		return "", fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file is empty: its first line must name the columns")
	case checked.Encoding == profilev1.FileEncoding_FILE_ENCODING_UTF8:
		return "utf-8", nil
	case checked.Encoding == profilev1.FileEncoding_FILE_ENCODING_GB18030:
		return "gb18030", nil
	default:
		return "", fault.New(fault.InvalidArgument, "FILE_ENCODING_UNKNOWN", "the file is neither UTF-8 nor GB18030: save it as CSV UTF-8")
	}
}

// begin reads the header.
func (t *Table) begin(text *lines, delimiter string) error {
	t.plain = &Plain{}
	buffered := bufio.NewReaderSize(text, 1<<18)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3)
		t.plain.Begin = 3
	}
	comma, known := delimiters[delimiter]
	if !known {
		begin, _ := buffered.Peek(1 << 16)
		comma = delimited.Separator(begin)
	}
	t.rows = csv.NewReader(buffered)
	t.rows.Comma, t.rows.ReuseRecord = comma, true
	t.rows.FieldsPerRecord = 0 // as many as the header has
	header, err := t.rows.Read()
	if errors.Is(err, io.EOF) {
		return fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file is empty: its first line must name the columns")
	}
	if err != nil {
		return t.malformed(err)
	}
	t.plain.Begin += t.rows.InputOffset()
	if len(header) > MaxColumns {
		return fault.New(fault.InvalidArgument, "FILE_TOO_MANY_COLUMNS", "the header names %d columns, %d are the most", len(header), MaxColumns)
	}
	for _, title := range header {
		t.Titles = append(t.Titles, strings.TrimSpace(strings.Clone(title)))
	}
	return nil
}

// Next reads a row, whose cells are valid until the next one; io.EOF is the end.
func (t *Table) Next() ([]string, error) {
	cells, err := t.rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	t.row++
	if err != nil {
		return nil, t.malformed(err)
	}
	return cells, nil
}

// Complete takes the rows that have a value in each of some columns. Others are left out
// where drop says so; otherwise the first of them is refused, and so is a table of which
// no row is taken. Of all rows read so many were dropped.
func (t *Table) Complete(columns []int, drop bool, take func(cells []string) error) (rows, dropped int64, err error) {
	for {
		cells, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rows, dropped, err
		}
		rows++
		if at := slices.IndexFunc(columns, func(at int) bool { return Missing(cells[at]) }); at >= 0 {
			if !drop {
				return rows, dropped, t.Wrong(columns[at], cells[columns[at]], "must have a value; --missing drop leaves such rows out")
			}
			dropped++
			continue
		}
		if err := take(cells); err != nil {
			return rows, dropped, err
		}
	}
	if rows == dropped {
		return rows, dropped, fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file has no row to analyse: %d read, %d left out for a missing value", rows, dropped)
	}
	return rows, dropped, nil
}

// Row is the number of the row last read.
func (t *Table) Row() int64 { return t.row }

func (t *Table) malformed(err error) error {
	where := "the header"
	if t.row > 0 {
		where = fmt.Sprintf("row %d", t.row)
	}
	var parse *csv.ParseError
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return fault.New(fault.InvalidArgument, "ROW_RAGGED", "%s must have %d fields as the header has", where, len(t.Titles))
	case errors.As(err, &parse):
		return fault.New(fault.InvalidArgument, "ROW_MALFORMED", "%s (line %d): %v; a field with a quote in it is written as \"5\"\" pipe\"", where, parse.Line, parse.Err)
	default:
		if f, ok := fault.As(err); ok {
			return f
		}
		return fmt.Errorf("read %s: %w", where, err)
	}
}

// Column finds a column by its title, as it is or else in any case.
func (t *Table) Column(title string) (int, error) {
	same := func(a, b string) bool { return a == b }
	for _, equal := range []func(a, b string) bool{same, strings.EqualFold} {
		found := -1
		for i, name := range t.Titles {
			if !equal(name, title) {
				continue
			}
			if found >= 0 {
				return 0, fault.New(fault.InvalidArgument, "COLUMN_AMBIGUOUS", "the header names %q twice", title)
			}
			found = i
		}
		if found >= 0 {
			return found, nil
		}
	}
	const shown = 40
	names := slices.Clone(t.Titles)
	if len(names) > shown {
		names = append(names[:shown], "…")
	}
	return 0, fault.New(fault.InvalidArgument, "COLUMN_NOT_FOUND", "there is no column %.80q; the columns are %.2000s", title, strings.Join(names, ", "))
}

// Wrong is a fault about a cell of the row last read. Requirement says what would
// be right, e.g. "must be 0 or 1".
func (t *Table) Wrong(column int, cell, requirement string) error {
	return fault.New(fault.InvalidArgument, "CELL_INVALID", "row %d, column %s: %s, is %.80q", t.row, t.Titles[column], requirement, cell)
}

// lines passes text on, and refuses what is no text.
type lines struct {
	from io.Reader
	long int   // bytes since the last line break
	err  error // stays: a look ahead takes an error with it
}

func (l *lines) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.from.Read(p)
	for rest := p[:n]; ; {
		at := bytes.IndexByte(rest, '\n')
		if at < 0 {
			l.long += len(rest)
			break
		}
		l.long, rest = 0, rest[at+1:]
	}
	switch {
	case l.long > MaxRowBytes:
		n, err = 0, fault.New(fault.InvalidArgument, "ROW_TOO_LONG", "there are more than %d bytes without a line break: this is no table", MaxRowBytes)
	case bytes.IndexByte(p[:n], 0) >= 0:
		n, err = 0, fault.New(fault.InvalidArgument, "ROW_NOT_TEXT", "the file holds a NUL byte: it is no text")
	}
	l.err = err
	return n, err
}
