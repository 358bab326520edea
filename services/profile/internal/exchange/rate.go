// Package exchange keeps the exchange rates that the user states, and converts
// orders by them. Nothing is converted unless a reporting currency is asked for.
package exchange

import (
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Rate is what one major unit of a currency was worth in another, from a day on
// until the pair's next rate.
type Rate struct {
	From, To  string // ISO 4217
	Start     string // YYYY-MM-DD, a day of UTC
	Value     string // exact decimal, e.g. "7.1832"
	Source    string
	UpdatedAt time.Time // set by the store
}

// MaxDigits is the most digits of a rate before the point, and behind it.
const MaxDigits = 12

var decimal = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,12})?$`)

// Check reports everything that is wrong with a rate.
func (r *Rate) Check() error {
	all := []*fault.Fault{
		domain.CheckCurrency("from_currency_code", r.From),
		domain.CheckCurrency("to_currency_code", r.To),
	}
	if r.From == r.To {
		all = append(all, fault.Invalid("to_currency_code", "must be another than from_currency_code"))
	}
	if _, err := time.Parse(time.DateOnly, r.Start); err != nil {
		all = append(all, fault.Invalid("start_date", "must be a date of the calendar, is %s", r.Start))
	}
	if !decimal.MatchString(r.Value) || strings.Trim(r.Value, "0.") == "" {
		all = append(all, fault.Invalid("rate",
			"must be a positive decimal with at most %d digits before and behind the point, e.g. \"7.1832\", is %q", MaxDigits, r.Value))
	}
	if utf8.RuneCountInString(r.Source) > 256 || strings.ContainsFunc(r.Source, unicode.IsControl) {
		all = append(all, fault.Invalid("source", "must be one line of at most 256 characters"))
	}
	return fault.Merge(all...)
}

// factor is a rate between minor units, as a fraction.
type factor struct{ num, den *big.Int }

// factor is value · 10^(digits of To − digits of From), where the digits are the
// decimals of a currency's minor unit: 2 for CNY, 0 for JPY.
func (r *Rate) factor() factor {
	value, _ := new(big.Rat).SetString(r.Value)
	scale := new(big.Rat).SetFrac(power(digits(r.To)), power(digits(r.From)))
	value.Mul(value, scale)
	return factor{value.Num(), value.Denom()}
}

func digits(code string) int {
	decimals, _ := money.Decimals(code)
	return decimals
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// convert multiplies an amount of minor units, rounding to the minor unit,
// halves to even. ok is false where the result does not fit an amount.
func (f factor) convert(minor int64) (converted int64, ok bool) {
	product := new(big.Int).Mul(big.NewInt(minor), f.num)
	quotient, rest := new(big.Int).QuoRem(product, f.den, new(big.Int))
	switch rest.Lsh(rest.Abs(rest), 1).Cmp(f.den) {
	case 0:
		if quotient.Bit(0) == 1 {
			quotient.Add(quotient, big.NewInt(int64(product.Sign())))
		}
	case 1:
		quotient.Add(quotient, big.NewInt(int64(product.Sign())))
	}
	if !quotient.IsInt64() || quotient.CmpAbs(big.NewInt(domain.MaxMinor)) > 0 {
		return 0, false
	}
	return quotient.Int64(), true
}
