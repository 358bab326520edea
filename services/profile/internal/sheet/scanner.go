package sheet

import (
	"bytes"

	"github.com/kehuhq/kehu/pkg/fault"
)

// scanner finds where a row ends. It looks at each byte once, however many
// chunks the row arrives in.
//
// One stray quote must not take the rows behind it with it. A row that goes
// wrong inside of a quoted field, after a line break, is therefore taken as its
// first line alone, and reading goes on at the second. That costs no more than
// reading each byte twice: every quote of a sound row opens or closes, so the
// lines that the stray quote seemed to enclose hold an even number of them and
// end where they end.
type scanner struct {
	delimiter string
	special   *[256]bool // the bytes that mean something outside of quotes

	at      int // next byte to look at
	state   state
	broken  int // behind the first line break in quotes; 0 if none
	flaw    *fault.Fault
	tooLong bool
}

type state uint8

const (
	atField   state = iota // a field begins
	atFormula              // behind the = that a field begins with
	inBare                 // in a field without quotes
	inQuotes               // in a quoted field
	atClose                // behind a quote in a quoted field
	inFlaw                 // in what cannot be told apart
)

// special marks, by the delimiter, the bytes that mean something outside of quotes.
var special = func() map[string]*[256]bool {
	all := make(map[string]*[256]bool, len(Delimiters))
	for _, d := range Delimiters {
		all[d] = &[256]bool{'"': true, '\n': true, '\r': true}
		all[d][d[0]] = true
	}
	return all
}()

func newScanner(delimiter string) scanner {
	return scanner{delimiter: delimiter, special: special[delimiter]}
}

var (
	errBareQuote = fault.New(fault.InvalidArgument, "ROW_MALFORMED",
		`a quote stands inside of a field that does not begin with one: write "5"" pipe" for 5" pipe`)
	errAfterQuote = fault.New(fault.InvalidArgument, "ROW_MALFORMED",
		`text stands behind a closing quote: a quote inside of a quoted field is written twice, ""`)
	errUnclosed = fault.New(fault.InvalidArgument, "ROW_QUOTE_UNCLOSED", "a quoted field is never closed")
)

func (s *scanner) reset(at int) {
	*s = scanner{delimiter: s.delimiter, special: s.special, at: at}
}

// shift follows the buffer when its first n bytes are dropped.
func (s *scanner) shift(n int) {
	s.at -= n
	if s.broken > 0 {
		s.broken -= n
	}
}

// next returns the index behind the row that begins at start, its line break
// included. It is not whole when more of the file is needed, or when the line is
// too long.
func (s *scanner) next(buf []byte, start int, last bool) (end int, whole bool) {
	limit := min(len(buf), start+MaxRowBytes)
	delimiter, special := s.delimiter[0], s.special
	for ; s.at < limit; s.at++ {
		switch c := buf[s.at]; {
		case c == '\n' || c == '\r':
			end := s.at + 1
			if c == '\r' {
				if end == len(buf) && !last {
					return 0, false // LF may follow
				}
				if end < len(buf) && buf[end] == '\n' {
					end++
				}
			}
			if s.state != inQuotes {
				return end, true
			}
			if s.broken == 0 {
				s.broken = end
			}
			s.at = end - 1
		case s.state == inQuotes:
			if c == '"' {
				s.state = atClose
			} else if skip := bytes.IndexAny(buf[s.at:limit], "\"\r\n"); skip > 0 {
				s.at += skip - 1
			} else if skip < 0 {
				s.at = limit - 1
			}
		case c == delimiter:
			if s.state != inFlaw {
				s.state = atField
			}
		case c == '"':
			switch s.state {
			case atField, atFormula, atClose: // opens, or a quote written twice
				s.state = inQuotes
			case inBare:
				s.state, s.flaw = inFlaw, errBareQuote
			}
		case s.state == atField && c == '=':
			s.state = atFormula
		case s.state == atField, s.state == atFormula:
			s.state = inBare
			fallthrough
		case s.state == inBare:
			at := s.at + 1
			for at < limit && !special[buf[at]] {
				at++
			}
			s.at = at - 1
		case s.state == atClose:
			if s.flaw = errAfterQuote; s.broken > 0 {
				return s.broken, true
			}
			s.state = inFlaw
		}
	}
	return s.atLimit(buf, start, last)
}

// atLimit decides about a row whose end is not among the bytes looked at.
func (s *scanner) atLimit(buf []byte, start int, last bool) (end int, whole bool) {
	overlong := len(buf) > start+MaxRowBytes
	switch {
	case !overlong && (!last || start == len(buf)):
		return 0, false
	case s.state == inQuotes && s.broken > 0:
		s.flaw = errUnclosed
		return s.broken, true
	case overlong:
		s.tooLong = true
		return 0, false
	case s.state == inQuotes:
		s.flaw = errUnclosed
	}
	return len(buf), true
}
