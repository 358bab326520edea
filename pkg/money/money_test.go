package money_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
)

func TestDecimals(t *testing.T) {
	for code, want := range map[string]int{"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3, "KRW": 0, "TWD": 2} {
		if got, known := money.Decimals(code); got != want || !known || money.Check("f", code) != nil {
			t.Errorf("%s has %d decimals, known %v; want %d", code, got, known, want)
		}
	}
	for _, code := range []string{"", "cny", "XQQ", "C", "CNYY", "元", "Usd"} {
		f, _ := fault.As(money.Check("amount.currency_code", code))
		if got, known := money.Decimals(code); got != 2 || known || f == nil || f.Violations[0].Field != "amount.currency_code" {
			t.Errorf("%q: %d, %v, %v", code, got, known, f)
		}
	}
}

func TestDecimalIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		minor, decimals := rapid.Int64().Draw(rt, "minor"), rapid.IntRange(0, 4).Draw(rt, "decimals")
		text := money.Decimal(minor, decimals)
		read, ok := new(big.Rat).SetString(text)
		if !ok {
			rt.Fatalf("%q is no number", text)
		}
		want := new(big.Rat).SetFrac(big.NewInt(minor), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
		if _, fraction, _ := strings.Cut(text, "."); read.Cmp(want) != 0 || len(fraction) != decimals {
			rt.Fatalf("%d with %d decimals is %q", minor, decimals, text)
		}
	})
	if got := money.Decimal(math.MinInt64, 2); got != "-92233720368547758.08" {
		t.Error(got)
	}
}
