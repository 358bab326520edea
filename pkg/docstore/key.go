package docstore

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// KeyPart is one part of an index key, encoded so that byte order is the order
// of the value.
type KeyPart struct{ encoded string }

// Key makes an index key: its parts joined with "!", so that keys order by the
// first part, then by the second. Key(String("")) is empty: in no index.
func Key(parts ...KeyPart) string {
	if len(parts) == 1 {
		return parts[0].encoded
	}
	encoded := make([]string, len(parts))
	for i, part := range parts {
		encoded[i] = part.encoded
	}
	return strings.Join(encoded, separator)
}

// String orders by the bytes of s. Bytes up to '%' become "%XX" and those from
// '}' on "}XX", which sort below and above all that stands for itself.
func String(s string) KeyPart {
	plain := true
	for i := range len(s) {
		plain = plain && s[i] > '%' && s[i] < '}'
	}
	if plain {
		return KeyPart{s}
	}
	b := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		switch c := s[i]; {
		case c <= '%':
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		case c >= '}':
			b = append(b, '}', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return KeyPart{string(b)}
}

// Int orders by n, the negative first: 16 hexadecimal digits.
func Int(n int64) KeyPart { return ordinal(uint64(n) ^ 1<<63) }

// Time orders by t, in whole milliseconds, which is what a document keeps.
func Time(t time.Time) KeyPart { return Int(t.UnixMilli()) }

// Float orders by x, −Inf first, +Inf and then NaN last; −0 is 0.
func Float(x float64) KeyPart {
	switch {
	case math.IsNaN(x):
		return ordinal(math.MaxUint64)
	case x == 0:
		x = 0
	}
	bits := math.Float64bits(x)
	if x < 0 {
		return ordinal(^bits)
	}
	return ordinal(bits | 1<<63)
}

func ordinal(n uint64) KeyPart {
	var b [16]byte
	for i := range b {
		b[i] = hexDigits[n>>(60-4*i)&15]
	}
	return KeyPart{string(b[:])}
}

// Desc reverses the order of a part. Parts hold only bytes from '%' to '}':
// each is mirrored within them, and the end, which was the lowest, becomes '~',
// the highest ('$' when reversed again).
func Desc(part KeyPart) KeyPart {
	b := make([]byte, 0, len(part.encoded)+1)
	for i := range len(part.encoded) {
		b = append(b, '%'+'}'-part.encoded[i])
	}
	return KeyPart{string(append(b, '~'))}
}

// ParseTime reads back the part that Time made at the start of a key, as UTC.
func ParseTime(key string) (time.Time, error) {
	var n uint64
	if len(key) < 16 {
		return time.Time{}, fmt.Errorf("key %q does not begin with a time", key)
	}
	for i := range 16 {
		digit := strings.IndexByte(hexDigits, key[i])
		if digit < 0 {
			return time.Time{}, fmt.Errorf("key %q does not begin with a time", key)
		}
		n = n<<4 | uint64(digit)
	}
	return time.UnixMilli(int64(n ^ 1<<63)).UTC(), nil
}

// Within is the range of all ids or keys that continue p with further parts:
// everything below ID(p), without p itself.
func Within(p string) Range { return Prefix(p + separator) }

// Only is the range of one id, without what is below it.
func Only(id string) Range { return Range{From: id, To: id + separator} }
