package sheet

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

// tellWithin is among how many bytes the first character must come that tells the
// syntax.
const tellWithin = 1 << 10

// tellSyntax tells the syntax from the first character that is no space. It is not
// told while more of the file is needed.
func (r *Reader) tellSyntax() (told bool) {
	text := r.buf[r.start:min(len(r.buf), r.start+tellWithin)]
	rest := bytes.TrimLeft(text, " \t\r\n")
	if len(rest) == 0 && len(text) < tellWithin && !r.last {
		return false
	}
	r.syntax = Delimited
	if len(rest) > 0 && rest[0] == '{' {
		r.syntax = JSONLines
	}
	return true
}

// ExpectPaths makes the members of objects, whose paths are titles, the fields of
// further rows, in the order of the titles. fold is the form in which titles are
// compared.
func (r *Reader) ExpectPaths(titles []string, fold func(string) string) {
	r.paths = newPaths(titles, fold)
}

// nextLine is Next for JSON lines, whose header is a row of no bytes.
func (r *Reader) nextLine() (Row, error) {
	if r.rows == 0 {
		r.rows++
		return Row{}, nil
	}
	for {
		end, whole := r.cutLine()
		if !whole && r.looked <= MaxRowBytes {
			return Row{}, io.EOF
		}
		if r.skipping { // the end of a line that was told already, or more of it
			r.skipping = !whole
			r.begin(end)
			continue
		}
		row := Row{Number: r.rows, Fields: make([]string, r.paths.count())}
		if end-r.start > MaxRowBytes || !whole {
			row.Text = strings.ToValidUTF8(string(r.buf[r.start:r.start+200]), "\uFFFD")
			row.Fault = fault.New(fault.InvalidArgument, "ROW_TOO_LONG", "the line has more than %d bytes", MaxRowBytes)
			r.skipping = !whole
		} else {
			line := bytes.Trim(r.buf[r.start:end], " \t\r\n")
			if len(line) == 0 {
				r.begin(end)
				continue // a blank line
			}
			r.readObject(&row, line)
		}
		r.begin(end)
		r.rows++
		return row, nil
	}
}

// cutLine returns the index in buf behind the line that begins at start, its line
// break included; where more of the file is needed, that of what there is of it.
func (r *Reader) cutLine() (end int, whole bool) {
	rest := r.buf[r.start:]
	if at := bytes.IndexByte(rest[r.looked:], '\n'); at >= 0 {
		return r.start + r.looked + at + 1, true
	}
	r.looked = len(rest)
	return len(r.buf), r.last && len(rest) > 0
}

// readObject reads a line into the fields of a row, or notes what is wrong with it.
func (r *Reader) readObject(row *Row, line []byte) {
	if row.Text, row.Fault = r.read(line); row.Fault != nil {
		return
	}
	object, f := parseObject(row.Text)
	if f == nil {
		f = r.paths.fill(row, object)
	}
	row.Fault = f
}

// withoutSurrogates reports text in which an escape stands for half a character: it
// was read as the character that replaces what is none.
func withoutSurrogates(text string, replaced bool) *fault.Fault {
	if !replaced || strings.ContainsRune(text, utf8.RuneError) || strings.Contains(strings.ToLower(text), `\ufffd`) {
		return nil
	}
	return fault.New(fault.InvalidArgument, "JSON_MALFORMED", `the line holds half a character: \ud800 to \udfff stand in pairs`)
}
