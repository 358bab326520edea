package docstore

import (
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// separator joins the parts of an id or of a key. It sorts below every byte
// that an escaped part can hold, so that what continues "a" ("a!1") comes
// before what merely begins with the same letters ("a-b").
const separator = "!"

// maxID is the longest id in bytes, after escaping.
const maxID = 4096

const hexDigits = "0123456789ABCDEF"

// ID makes the id of a document from its parts: each percent-escaped (bytes up
// to '!', '%' and all from 0x7F on), then joined with "!". Ids sort by their
// escaped bytes: who merges two streams by id compares ID(x), not x.
func ID(parts ...string) string {
	if len(parts) == 1 && !needsEscape(parts[0]) {
		return parts[0]
	}
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString(separator)
		}
		for j := range len(part) {
			if c := part[j]; reserved(c) {
				b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
			} else {
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}

func reserved(c byte) bool { return c <= '!' || c == '%' || c >= 0x7f }

func needsEscape(s string) bool {
	for i := range len(s) {
		if reserved(s[i]) {
			return true
		}
	}
	return false
}

// ParseID returns the parts ID was given. A '%' that begins no escape stands for itself.
func ParseID(id string) []string {
	parts := strings.Split(id, separator)
	for i, part := range parts {
		parts[i] = unescape(part)
	}
	return parts
}

func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high := strings.IndexByte(hexDigits, s[i+1])
			low := strings.IndexByte(hexDigits, s[i+2])
			if high >= 0 && low >= 0 {
				b = append(b, byte(high<<4|low))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// CheckID reports an id that cannot be stored, as a fault of kind InvalidArgument.
func CheckID(id string) error {
	switch {
	case id == "":
		return fault.Invalid("id", "must not be empty")
	case len(id) > maxID:
		return fault.Invalid("id", "must have at most %d bytes once escaped, has %d", maxID, len(id))
	case !printable(id):
		return fault.Invalid("id", "must hold only visible ASCII characters once escaped")
	}
	return nil
}

// printable reports whether s holds no byte outside '!' … '~': what both
// engines keep in the same order.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return true
}
