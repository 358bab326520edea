package upload

import (
	"unicode/utf8"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// encodings follows bytes that come in pieces and tells what they can be.
type encodings struct {
	utf8    bool
	cut     []byte // the beginning of a UTF-8 character that the last piece ended in
	gb18030 bool
	place   byte // bytes of the GB18030 character begun: 0 to 3
	marked  bool // begins with UTF-8's byte order mark
	begun   bool
}

func newEncodings() *encodings { return &encodings{utf8: true, gb18030: true} }

func (e *encodings) add(piece []byte) {
	if !e.begun && len(piece) > 0 {
		e.begun, e.marked = true, len(piece) >= 3 && string(piece[:3]) == "\ufeff"
	}
	e.addGB18030(piece)
	e.addUTF8(piece)
}

func (e *encodings) addUTF8(piece []byte) {
	if !e.utf8 {
		return
	}
	if len(e.cut) > 0 {
		for len(piece) > 0 && !utf8.FullRune(e.cut) {
			e.cut, piece = append(e.cut, piece[0]), piece[1:]
		}
		if !utf8.FullRune(e.cut) {
			return
		}
		if !utf8.Valid(e.cut) {
			e.utf8 = false
			return
		}
		e.cut = e.cut[:0]
	}
	if end := len(piece) - cutAtEnd(piece); end < len(piece) {
		e.cut = append(e.cut, piece[end:]...)
		piece = piece[:end]
	}
	e.utf8 = utf8.Valid(piece)
}

// cutAtEnd is how many bytes at the end of piece begin a character without
// ending it.
func cutAtEnd(piece []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(piece); n++ {
		if b := piece[len(piece)-n]; utf8.RuneStart(b) {
			if utf8.FullRune(piece[len(piece)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}

// addGB18030 follows the form of GB18030: a byte below 0x80, or a lead byte and
// one more, or lead and digit twice.
func (e *encodings) addGB18030(piece []byte) {
	if !e.gb18030 {
		return
	}
	lead := func(b byte) bool { return b >= 0x81 && b <= 0xfe }
	digit := func(b byte) bool { return b >= '0' && b <= '9' }
	place := e.place
	for _, b := range piece {
		switch {
		case place == 0 && b < 0x80:
		case place == 0 && lead(b), place == 1 && digit(b), place == 2 && lead(b):
			place++
		case place == 1 && b >= 0x40 && b != 0x7f && b != 0xff, place == 3 && digit(b):
			place = 0
		default:
			e.gb18030 = false
			return
		}
	}
	e.place = place
}

// encoding is what all of it is. A file that says by its mark that it is UTF-8 is
// never taken for GB18030.
func (e *encodings) encoding() profilev1.FileEncoding {
	switch {
	case e.utf8 && len(e.cut) == 0:
		return profilev1.FileEncoding_FILE_ENCODING_UTF8
	case e.gb18030 && e.place == 0 && !e.marked:
		return profilev1.FileEncoding_FILE_ENCODING_GB18030
	default:
		return profilev1.FileEncoding_FILE_ENCODING_UNSPECIFIED
	}
}
