package sheet

import (
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Encoding is how the characters of a file are written.
type Encoding string

// The encodings. Files that are plain ASCII are both.
const (
	Open    Encoding = "" // told from the file
	UTF8    Encoding = "utf-8"
	GB18030 Encoding = "gb18030" // and with it GBK and GB 2312
)

// Syntax is what a file is made of.
type Syntax string

// The syntaxes.
const (
	OpenSyntax Syntax = ""           // told from the file
	Delimited  Syntax = "delimited"  // fields with a delimiter between them
	JSONLines  Syntax = "json_lines" // an object a line
)

// Format is how a file is written. The zero Format is told from the file.
type Format struct {
	Syntax    Syntax   `bson:"syntax,omitempty"`
	Encoding  Encoding `bson:"encoding,omitempty"`
	Delimiter string   `bson:"delimiter,omitempty"` // one of Delimiters; empty is told from the header
}

// Delimiters is what may stand between two fields. Where two of them split a
// header into as many, the first counts.
var Delimiters = []string{",", ";", "\t"}

// check reports a format that there is not, by the API's field.
func (f Format) check() error {
	switch f.Encoding {
	case Open, UTF8, GB18030:
	default:
		return fault.Invalid("format.encoding", "must be UTF-8 or GB18030, is %q", f.Encoding)
	}
	switch f.Syntax {
	case OpenSyntax, Delimited, JSONLines:
	default:
		return fault.Invalid("format.syntax", "must be DELIMITED or JSON_LINES, is %q", f.Syntax)
	}
	if f.Syntax == JSONLines && f.Delimiter != "" {
		return fault.Invalid("format.delimiter", "must be empty for a file of JSON lines")
	}
	if f.Delimiter != "" && special[f.Delimiter] == nil {
		return fault.Invalid("format.delimiter", `must be a comma, a semicolon or a tab, is %q`, f.Delimiter)
	}
	return nil
}

// scanners has one for each delimiter that the file may have.
func (f Format) scanners() []scanner {
	delimiters := Delimiters
	if f.Delimiter != "" {
		delimiters = []string{f.Delimiter}
	}
	all := make([]scanner, len(delimiters))
	for i, d := range delimiters {
		all[i] = newScanner(d)
	}
	return all
}

// cutHeader is next of the scanner whose delimiter splits the header into most
// titles, which is the one to read on with. It waits until each knows the
// header's end, so that the chunks do not matter.
func (r *Reader) cutHeader() (end int, whole bool) {
	for i, most := 0, -1; i < len(r.open); i++ {
		s := &r.open[i]
		at, whole := s.next(r.buf, r.start, r.last)
		titles := 0
		switch {
		case whole && s.flaw == nil:
			titles = s.titles(r.buf[r.start:at])
		case !whole && !s.tooLong:
			return 0, false
		}
		if titles > most {
			most, end, r.scan = titles, at, *s
		}
	}
	if r.scan.tooLong {
		return 0, false
	}
	if r.scan.flaw != nil || len(lineOf(r.buf[r.start:end])) > 0 {
		r.open = nil
	}
	return end, true
}

// titles is how many fields of a row have more in them than spaces and delimiters:
// in "a\t,b\t" the tabs separate nothing.
func (s *scanner) titles(row []byte) int {
	n := 0
	for _, field := range split(string(lineOf(row)), s.delimiter, nil) {
		if strings.Trim(field, "\" ,;\t") != "" {
			n++
		}
	}
	return n
}
