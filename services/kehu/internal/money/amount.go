package money

import (
	"math"
	"math/big"
	"strings"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	currencies "github.com/kehuhq/kehu/pkg/money"
)

// Amount is a sum of money in one currency, exact and of any size: the sums of
// many months need not fit where each month's does. The zero value is 0.
type Amount struct {
	minor    *big.Int // never changed once set
	decimals int
}

// Of is the amount of m.
func Of(m *apiv1.Money) Amount {
	decimals, _ := currencies.Decimals(m.GetCurrencyCode())
	return Amount{minor: big.NewInt(m.GetMinorUnits()), decimals: decimals}
}

// Plus is a and b together. Both are in the same currency.
func (a Amount) Plus(b Amount) Amount {
	return Amount{minor: new(big.Int).Add(a.units(), b.units()), decimals: max(a.decimals, b.decimals)}
}

// Minus is a less b. Both are in the same currency.
func (a Amount) Minus(b Amount) Amount {
	return Amount{minor: new(big.Int).Sub(a.units(), b.units()), decimals: max(a.decimals, b.decimals)}
}

// Sign is -1, 0 or 1.
func (a Amount) Sign() int { return a.units().Sign() }

// String is the amount in major units, e.g. "244091.94".
func (a Amount) String() string { return currencies.Point(a.units().String(), a.decimals) }

// MarshalText makes JSON of an amount what String is.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Major is about how many major units it is: for the height of a bar, not for sums.
func (a Amount) Major() float64 {
	f, _ := new(big.Float).SetInt(a.units()).Float64()
	return f / math.Pow10(a.decimals)
}

func (a Amount) units() *big.Int {
	if a.minor == nil {
		return new(big.Int)
	}
	return a.minor
}

// Grouped sets commas between the thousands of a decimal number: "1234567.5"
// becomes "1,234,567.5".
func Grouped(decimal string) string {
	whole, fraction, _ := strings.Cut(decimal, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	return b.String()
}
