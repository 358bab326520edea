package sheet

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/kehuhq/kehu/pkg/fault"
)

// How sure a row makes of the encoding. One with fewer characters than sure, other
// than ASCII, tells about itself and not about the file. One in tolerated may be
// broken, as where a value was cut within a character.
const (
	sure      = 3
	tolerated = 4
)

// tell decides about the encoding of a row that is not plain ASCII, and with it of
// the file where that is sure. It looks at no other row, so that neither the chunks
// matter nor must anything wait. Open is neither.
func tell(line []byte) (encoding Encoding, settled bool) {
	u, g := utf8Characters(line), gbCharacters(line)
	// Chinese in GB18030 happens to be UTF-8 now and then. It then seems to be
	// words of accented and foreign letters alone.
	byChance := u.good == u.pairs && u.broken == 0 && g.good == g.common && g.broken == 0 && !touchesLetters(line)
	if u.broken*tolerated <= u.good && !byChance {
		return UTF8, u.good >= sure
	}
	// In Western encodings a pair of bytes is a letter with an accent and most often
	// one without, or two signs, which are not of GB 2312, the common part.
	if g.broken*tolerated <= g.good && 2*g.common >= g.pairs {
		return GB18030, g.good >= sure
	}
	return Open, false
}

// touchesLetters reports characters other than ASCII beside letters or digits that
// are ASCII.
func touchesLetters(line []byte) bool {
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		if a >= utf8.RuneSelf && alphanumeric[b] || b >= utf8.RuneSelf && alphanumeric[a] {
			return true
		}
	}
	return false
}

var alphanumeric = func() (is [256]bool) {
	for _, c := range "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		is[c] = true
	}
	return is
}()

// seen counts the characters of a text that are not ASCII: the good ones, among
// them those of two bytes, among them those of GB 2312; and the broken ones.
type seen struct{ good, pairs, common, broken int }

func utf8Characters(text []byte) (s seen) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			s.broken++
			for size < len(text) && !utf8.RuneStart(text[size]) {
				size++ // what is left of it
			}
		case size == 2:
			s.pairs++
			fallthrough
		case size > 2:
			s.good++
		}
		text = text[size:]
	}
	return s
}

func gbCharacters(text []byte) (s seen) {
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			text = text[1:]
			continue
		}
		size := sizeInGB18030(text)
		switch {
		case size == 0:
			s.broken++
			size = 1
		case size == 2:
			s.pairs++
			if text[0] >= 0xA1 && text[0] <= 0xF7 && text[1] >= 0xA1 {
				s.common++
			}
			fallthrough
		default:
			s.good++
		}
		text = text[size:]
	}
	return s
}

// sizeInGB18030 is how many bytes the first character has, 0 where it is none.
func sizeInGB18030(text []byte) int {
	in := func(i int, from, to byte) bool { return i < len(text) && text[i] >= from && text[i] <= to }
	switch {
	case !in(0, 0x81, 0xFE):
		return 0
	case in(1, 0x40, 0x7E) || in(1, 0x80, 0xFE):
		return 2
	case in(1, 0x30, 0x39) && in(2, 0x81, 0xFE) && in(3, 0x30, 0x39):
		return 4
	}
	return 0
}

// read makes text of the bytes of a row. The fault says what cannot be read; the
// text is then the bytes.
func (r *Reader) read(line []byte) (string, *fault.Fault) {
	if plain(line) {
		return string(line), nil
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return string(line), errNUL
	}
	encoding := r.encoding
	if encoding == Open {
		var settled bool
		if encoding, settled = tell(line); settled {
			r.encoding = encoding
		}
	}
	switch encoding {
	case UTF8:
		if utf8.Valid(line) {
			return string(line), nil
		}
		return string(line), errNotUTF8
	case GB18030:
		if text, ok := r.decode(line); ok {
			return text, nil
		}
		return string(line), errNotGB18030
	}
	return string(line), errUnknown
}

var (
	errNUL        = fault.New(fault.InvalidArgument, "ROW_NOT_TEXT", "the row holds a NUL byte: it is not text")
	errUnknown    = fault.New(fault.InvalidArgument, "ROW_ENCODING_UNKNOWN", "the row is neither UTF-8 nor GB18030: save the file as CSV UTF-8")
	errNotUTF8    = fault.New(fault.InvalidArgument, "ROW_NOT_UTF8", "the row is not UTF-8, as the file is: save the file as CSV UTF-8")
	errNotGB18030 = fault.New(fault.InvalidArgument, "ROW_NOT_GB18030", "the row is not GB18030, as the file is: save the file as CSV UTF-8")
)

// decode reads a row in GB18030. It is not ok where bytes are no character.
func (r *Reader) decode(line []byte) (text string, ok bool) {
	if most := utf8.UTFMax * len(line); len(r.decoded) < most {
		r.decoded = make([]byte, most)
	}
	n, _, err := simplifiedchinese.GB18030.NewDecoder().Transform(r.decoded, line, true)
	text = string(r.decoded[:n])
	return text, err == nil && !strings.ContainsRune(text, utf8.RuneError)
}

// plain reports text that is ASCII without a NUL, as most of most files is.
func plain(text []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		// The difference has the high bit of a byte that was 0.
		if eight := binary.LittleEndian.Uint64(text); (eight|(eight-ones))&high != 0 {
			return false
		}
	}
	for _, b := range text {
		if b-1 >= utf8.RuneSelf-1 {
			return false
		}
	}
	return true
}
