// Package money writes amounts for people.
package money

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/currency"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
)

// Format writes an amount in major units with the decimals of its currency,
// e.g. "244091.94" for 24409194 USD and "2933" for 2933 JPY.
func Format(m *apiv1.Money) string {
	if m == nil {
		return ""
	}
	return Decimal(m.GetMinorUnits(), digits(m.GetCurrencyCode()))
}

// Decimal writes minor units with the given number of decimals, exactly.
func Decimal(minor int64, decimals int) string {
	return point(strconv.FormatInt(minor, 10), decimals)
}

// point sets the decimal point into a whole number of minor units.
func point(text string, decimals int) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	if decimals == 0 {
		return sign + text
	}
	text = fmt.Sprintf("%0*s", decimals+1, text)
	cut := len(text) - decimals
	return sign + text[:cut] + "." + text[cut:]
}

func digits(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}
