package domain

import (
	"math"

	"golang.org/x/text/currency"
)

// Major is the amount in the currency's major unit, e.g. 29.33 for 2933 minor
// units of USD: as exact as a double is. Where the currency is none of ISO 4217
// the minor unit is taken for a hundredth.
func (m Money) Major() float64 {
	return float64(m.Minor) / math.Pow10(digits(m.Currency))
}

// digits is how many decimals the minor unit of a currency has.
func digits(code string) int {
	switch code {
	case "CNY", "USD", "EUR", "GBP", "HKD": // the short way for most
		return 2
	}
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}

// IsCurrency tells whether a code is one of ISO 4217, in upper case.
func IsCurrency(code string) bool {
	unit, err := currency.ParseISO(code)
	return err == nil && unit.String() == code
}
