package domain

import (
	"io"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Codes are CodeLength symbols of Crockford's base 32, of which the last checks
// the others: 45 random bits.
const (
	CodeLength = 10
	alphabet   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // no I, L, O, U
)

// NewCode draws a code from random, which must be unpredictable.
func NewCode(random io.Reader) (string, error) {
	var digits [CodeLength]byte
	if _, err := io.ReadFull(random, digits[:CodeLength-1]); err != nil {
		return "", err
	}
	for i := range digits {
		digits[i] &= 31
	}
	digits[CodeLength-1] = timesX(syndrome(digits[:CodeLength-1]))
	for i, d := range digits {
		digits[i] = alphabet[d]
	}
	return string(digits[:]), nil
}

// ParseCode returns the code a person has typed: case, spaces and hyphens do not
// matter, full-width letters are read as ordinary ones, O as 0, I and L as 1.
// What cannot be a code is a fault CODE_MISTYPED that names field.
func ParseCode(field, typed string) (string, error) {
	var code, digits []byte
	for _, r := range typed {
		if r >= '！' && r <= '～' {
			r -= '！' - '!' // as Chinese keyboards give them
		}
		if r == ' ' || r == '\u3000' || r == '-' {
			continue
		}
		digit := symbol(r)
		if digit < 0 {
			return "", mistyped(field, "%q is not a letter or digit of a code", r)
		}
		if len(code) == CodeLength {
			return "", mistyped(field, "is longer than the %d characters of a code", CodeLength)
		}
		code, digits = append(code, alphabet[digit]), append(digits, byte(digit))
	}
	if len(code) < CodeLength {
		return "", mistyped(field, "must have the %d characters of a code, has %d", CodeLength, len(code))
	}
	if syndrome(digits) != 0 {
		return "", mistyped(field, "is mistyped: its last character does not fit the others")
	}
	return string(code), nil
}

func symbol(r rune) int {
	switch {
	case r >= 'a' && r <= 'z':
		r -= 'a' - 'A'
	case r > '~':
		return -1
	}
	switch r {
	case 'O':
		return 0
	case 'I', 'L':
		return 1
	}
	return strings.IndexRune(alphabet, r)
}

func mistyped(field, format string, args ...any) *fault.Fault {
	f := fault.Invalid(field, format, args...)
	f.Reason = "CODE_MISTYPED"
	return f
}

// syndrome is Σ xⁿ⁻¹⁻ⁱ·dᵢ over the field GF(2⁵) = GF(2)[x]/(x⁵+x²+1), by
// Horner's rule; it is 0 for a valid code. (The check symbols of Reed–Solomon
// codes are sums like it: Reed and Solomon, "Polynomial codes over certain
// finite fields", 1960.)
//
// A wrong symbol at one place changes it by e·xᵏ, which is never 0, and symbols
// a ≠ b exchanged between places k ≠ l change it by (a+b)(xᵏ+xˡ), which is 0 for
// no places below 31, the order of x. So every single wrong symbol is found, and
// every exchange of two, adjacent or not; of all other errors 31 in 32.
func syndrome(digits []byte) (sum byte) {
	for _, d := range digits {
		sum = timesX(sum) ^ d
	}
	return sum
}

// timesX multiplies by x in GF(2⁵).
func timesX(a byte) byte {
	a <<= 1
	if a&32 != 0 {
		a ^= 0b100101
	}
	return a
}
