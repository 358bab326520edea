package importer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// tidy is a value without the spaces around it.
func tidy(value string) string { return strings.TrimSpace(value) }

// unescaped is a tidy value without the apostrophe that an export puts in front of
// what a spreadsheet would take for a formula.
func unescaped(value string) string {
	value = tidy(value)
	if rest, ok := strings.CutPrefix(value, sheet.FormulaSafe); ok && sheet.Harmless(rest) != rest {
		return rest
	}
	return value
}

// plain is a tidy value with compatibility characters, such as the full-width
// digits of Chinese input methods, replaced by the usual ones (NFKC).
func plain(value string) string {
	value = tidy(value)
	for i := range len(value) {
		if value[i] >= utf8.RuneSelf {
			return tidy(norm.NFKC.String(value))
		}
	}
	return value
}

// unquoted is a value without what makes a spreadsheet keep its digits: ="00123"
// or a leading apostrophe, '00123.
func unquoted(value string) string {
	if inner, ok := strings.CutPrefix(value, `="`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); ok && strings.IndexByte(inner, '"') < 0 {
			return tidy(inner)
		}
	}
	if len(value) > 1 && value[0] == '\'' && digits(value[1:2]) {
		return value[1:]
	}
	return value
}

func invalid(column, reason, format string, args ...any) *fault.Fault {
	f := fault.Invalid(column, format, args...)
	f.Reason = reason
	return f
}

// tender is a currency and how many decimals its amounts have.
type tender struct {
	code  string
	scale int
}

// tenders remembers the currencies met in a file by how they are written there.
type tenders map[string]tender

// read reads an ISO 4217 code in any case.
func (t tenders) read(value string) (tender, *fault.Fault) {
	if found, ok := t[value]; ok {
		return found, nil
	}
	code := strings.ToUpper(plain(value))
	if f := domain.CheckCurrency("currency", code); f != nil {
		return tender{}, invalid("currency", "CURRENCY_UNKNOWN", "must be an ISO 4217 code such as CNY, is %q", clip(value, 40))
	}
	scale, _ := money.Decimals(code)
	t[strings.Clone(value)] = tender{code, scale}
	return t[value], nil
}

// maxDigits keeps the minor units within 64 bits.
const maxDigits = 18

// amount reads a decimal number exactly, in units of 10^-scale. Further decimals
// must be zero, or no more than what binary floating point leaves of one:
// 29.330000000000002 is 29.33, and 4.4e-16 is 0. Commas may part the thousands.
func amount(column, value string, scale int) (int64, *fault.Fault) {
	return amountIn(column, value, tender{scale: scale})
}

// amountIn is amount in minor units of a currency, whose sign or code may stand
// before or behind the number. That of another one is refused.
func amountIn(column, value string, money tender) (int64, *fault.Fault) {
	text, scale := plain(value), money.scale
	whole, fraction, ok := decimal(text)
	if !ok {
		bare, f := bareNumber(column, text, money)
		if f != nil {
			return 0, f
		}
		whole, fraction, _ = decimal(bare)
	}
	fraction, up, exact := cutDecimals(fraction, scale)
	if !exact {
		return 0, invalid(column, "AMOUNT_TOO_FINE", "must have at most %d decimals, is %q", scale, clip(text, 40))
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole)+scale > maxDigits {
		return 0, tooLarge(column, text)
	}
	var minor int64
	for _, part := range []string{whole, fraction} {
		for i := range len(part) {
			minor = minor*10 + int64(part[i]-'0')
		}
	}
	for range scale - len(fraction) {
		minor *= 10
	}
	if up {
		minor++
	}
	if minor > domain.MaxMinor {
		return 0, tooLarge(column, text)
	}
	return minor, nil
}

// decimal splits a number at its point. An exponent must be negative: with a
// positive one, as spreadsheets write it, digits have been lost.
func decimal(text string) (whole, fraction string, ok bool) {
	text = strings.TrimPrefix(text, "+")
	exponent := 0
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		n, err := strconv.Atoi(text[e+1:])
		if err != nil || n > 0 || n < -maxExponent {
			return "", "", false
		}
		exponent, text = -n, text[:e]
	}
	whole, fraction, _ = strings.Cut(text, ".")
	if !digits(whole) || !digits(fraction) || whole+fraction == "" {
		return "", "", false
	}
	if exponent > 0 {
		padded := strings.Repeat("0", exponent) + whole
		point := len(padded) - exponent
		whole, fraction = padded[:point], padded[point:]+fraction
	}
	return whole, fraction, true
}

// maxExponent is below what a 64-bit floating point number can have.
const maxExponent = 400

// cutDecimals returns the decimals up to scale, and whether they are to be
// rounded up. It is not exact when what is cut off is more than the residue of
// floating point.
func cutDecimals(fraction string, scale int) (kept string, up, exact bool) {
	if len(fraction) <= scale {
		return fraction, false, true
	}
	kept, rest := fraction[:scale], fraction[scale:]
	const residue = 6 // leading digits that are all 0, or all 9
	switch {
	case strings.Trim(rest, "0") == "", strings.HasPrefix(rest, strings.Repeat("0", residue)):
		return kept, false, true
	case strings.HasPrefix(rest, strings.Repeat("9", residue)):
		return kept, true, true
	}
	return kept, false, false
}

func tooLarge(column, text string) *fault.Fault {
	return invalid(column, "AMOUNT_TOO_LARGE", "must be at most %d minor units, is %q", int64(domain.MaxMinor), clip(text, 40))
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// optionalAmountIn is amountIn for a column that may be empty.
func optionalAmountIn(column, value string, money tender) (domain.Optional, *fault.Fault) {
	if tidy(value) == "" {
		return domain.Optional{}, nil
	}
	minor, f := amountIn(column, value, money)
	if f != nil {
		return domain.Optional{}, f
	}
	return domain.Known(minor), nil
}

// word reads one of a few words, in any case; empty is none.
func word[T ~string](column, value string, words ...T) (T, *fault.Fault) {
	text := strings.ToLower(plain(value))
	if text == "" {
		return "", nil
	}
	for _, w := range words {
		if text == string(w) {
			return w, nil
		}
	}
	return "", invalid(column, "VALUE_UNKNOWN", "must be one of %q, is %q", words, clip(value, 40))
}
