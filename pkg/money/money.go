// Package money knows the currencies of ISO 4217 and the decimals of their minor
// units. Amounts themselves are whole minor units everywhere.
package money

import (
	"strconv"
	"strings"

	"golang.org/x/text/currency"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Decimals is how many decimals the minor unit of a currency has: 2 for CNY, 0 for
// JPY, 3 for KWD. known is false for what is no ISO 4217 code in upper case; its
// minor unit is taken for a hundredth.
func Decimals(code string) (decimals int, known bool) {
	switch code {
	case "CNY", "USD", "EUR", "GBP", "HKD": // the short way for most
		return 2, true
	}
	unit, err := currency.ParseISO(code)
	if err != nil || unit.String() != code {
		return 2, false
	}
	decimals, _ = currency.Standard.Rounding(unit)
	return decimals, true
}

// Check reports what is not an ISO 4217 code in upper case, in a field of a request.
func Check(field, code string) *fault.Fault {
	if _, known := Decimals(code); !known {
		return fault.Invalid(field, "must be an ISO 4217 code in upper case, e.g. \"CNY\", is %q", code)
	}
	return nil
}

// Decimal writes minor units with a number of decimals, exactly: -2933 with 2 is
// "-29.33".
func Decimal(minor int64, decimals int) string {
	return Point(strconv.FormatInt(minor, 10), decimals)
}

// Point sets the decimal point into a whole number of minor units, of any size.
func Point(whole string, decimals int) string {
	if decimals == 0 {
		return whole
	}
	digits, negative := strings.CutPrefix(whole, "-")
	digits = strings.Repeat("0", max(0, decimals+1-len(digits))) + digits
	text := digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
	if negative {
		return "-" + text
	}
	return text
}
