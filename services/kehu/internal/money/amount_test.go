package money

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	currencies "github.com/kehuhq/kehu/pkg/money"
)

func TestSumsOfAnySizeAreExact(t *testing.T) {
	most := Of(&apiv1.Money{MinorUnits: math.MaxInt64, CurrencyCode: "CNY"})
	sum := Amount{}
	for range 3 {
		sum = sum.Plus(most)
	}
	if got, want := sum.String(), "276701161105643274.21"; got != want {
		t.Errorf("three times %s is %s, want %s", most, got, want)
	}
	if got := sum.Minus(most).Minus(most).Minus(most); got.Sign() != 0 || got.String() != "0.00" {
		t.Errorf("less the same is %s", got)
	}
	text, err := json.Marshal(map[string]Amount{"net": most})
	if err != nil || string(text) != `{"net":"92233720368547758.07"}` {
		t.Errorf("JSON %s, %v", text, err)
	}
}

func TestAmountsAddUpAsWholeNumbersDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom([]string{"CNY", "JPY", "KWD", "XXQ"}).Draw(t, "code")
		a, b := rapid.Int64Range(-1e15, 1e15).Draw(t, "a"), rapid.Int64Range(-1e15, 1e15).Draw(t, "b")
		of := func(n int64) *apiv1.Money { return &apiv1.Money{MinorUnits: n, CurrencyCode: code} }
		if got, want := Of(of(a)).Plus(Of(of(b))).String(), Format(of(a+b)); got != want {
			t.Fatalf("%d + %d is %s, want %s", a, b, got, want)
		}
		if got, want := Of(of(a)).Minus(Of(of(b))).String(), Format(of(a-b)); got != want {
			t.Fatalf("%d - %d is %s, want %s", a, b, got, want)
		}
	})
}

func TestGrouped(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "999": "999", "1000": "1,000", "-1000": "-1,000", "-999.50": "-999.50",
		"1234567.89": "1,234,567.89", "123456": "123,456", "": "",
	} {
		if got := Grouped(text); got != want {
			t.Errorf("Grouped(%q) is %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := currencies.Decimal(rapid.Int64().Draw(t, "n"), rapid.IntRange(0, 4).Draw(t, "decimals"))
		if got := strings.ReplaceAll(Grouped(text), ",", ""); got != text {
			t.Fatalf("%s became %s", text, got)
		}
	})
}
