package facts

import (
	"math"

	"github.com/kehuhq/kehu/pkg/money"
)

// Major is the amount in the currency's major unit, e.g. 29.33 for 2933 minor
// units of USD: as exact as a double is. Where the currency is none of ISO 4217
// the minor unit is taken for a hundredth.
func (m Money) Major() float64 {
	decimals, _ := money.Decimals(m.Currency)
	return float64(m.Minor) / math.Pow10(decimals)
}

// String writes the amount with the decimals of its currency, e.g. "29.30 USD".
func (m Money) String() string {
	decimals, _ := money.Decimals(m.Currency)
	return money.Decimal(m.Minor, decimals) + " " + m.Currency
}

// IsCurrency tells whether a code is one of ISO 4217, in upper case.
func IsCurrency(code string) bool {
	_, known := money.Decimals(code)
	return known
}

// Plus adds amounts, within what an int64 holds: beyond it is the largest, or smallest.
func Plus(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}
