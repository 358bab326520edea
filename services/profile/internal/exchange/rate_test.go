package exchange

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func instant(date string) int64 {
	t, err := time.Parse(time.RFC3339, date)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

func tableOf(t testing.TB, to string, rates ...Rate) *Table {
	t.Helper()
	table := newTable(to)
	for _, r := range rates {
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		if err := table.add(r); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func TestConvertTakesTheRateOfTheDay(t *testing.T) {
	table := tableOf(t, "CNY",
		Rate{From: "USD", To: "CNY", Start: "2026-01-01", Value: "7"},
		Rate{From: "USD", To: "CNY", Start: "2026-02-01", Value: "7.25"},
		Rate{From: "JPY", To: "CNY", Start: "2026-01-01", Value: "0.05"},
		Rate{From: "KWD", To: "CNY", Start: "2026-01-01", Value: "23.5"})
	for _, c := range []struct {
		minor int64
		from  string
		at    string
		want  int64
	}{
		{100, "USD", "2026-01-01T00:00:00Z", 700},
		{100, "USD", "2026-01-31T23:59:59.999Z", 700},
		{100, "USD", "2026-02-01T00:00:00Z", 725},
		{100, "USD", "2099-12-31T00:00:00Z", 725},
		{100, "USD", "2026-01-15T00:00:00Z", 700},   // back again after a later one
		{1000, "JPY", "2026-01-01T00:00:00Z", 5000}, // 1,000 JPY, no decimals, are 50.00 CNY
		{1000, "KWD", "2026-01-01T00:00:00Z", 2350}, // 1.000 KWD, three decimals
		{33, "CNY", "1999-01-01T00:00:00Z", 33},
		{0, "USD", "2026-03-01T00:00:00Z", 0},
	} {
		got, err := table.Convert(c.minor, c.from, instant(c.at))
		if err != nil || got != c.want {
			t.Errorf("%d %s at %s: %d, %v, want %d", c.minor, c.from, c.at, got, err, c.want)
		}
	}
	for _, c := range []struct{ from, at, reason string }{
		{"USD", "2025-12-31T23:59:59Z", "EXCHANGE_RATE_MISSING"},
		{"EUR", "2026-01-31T00:00:00Z", "EXCHANGE_RATE_MISSING"},
	} {
		_, err := table.Convert(1, c.from, instant(c.at))
		f, ok := fault.As(err)
		if !ok || f.Reason != c.reason || !strings.Contains(f.Message, c.from) || !strings.Contains(f.Message, c.at[:10]) {
			t.Errorf("%s at %s: %v, want %s naming both", c.from, c.at, err, c.reason)
		}
	}
	_, err := table.Convert(domain.MaxMinor, "USD", instant("2026-01-01T00:00:00Z"))
	if f, ok := fault.As(err); !ok || f.Reason != "AMOUNT_TOO_LARGE" {
		t.Errorf("too large: %v", err)
	}
}

// TestConvertIsTheRoundedProduct holds the fast way against rational arithmetic.
func TestConvertIsTheRoundedProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codes := []string{"CNY", "USD", "JPY", "KWD"}
		from := rapid.SampledFrom(codes).Draw(t, "from")
		to := rapid.SampledFrom(codes).Draw(t, "to")
		rate := Rate{From: from, To: to, Start: "2026-01-01", Value: rapid.StringMatching(`[0-9]{1,3}(\.[0-9]{1,6})?`).Draw(t, "rate")}
		if rate.Check() != nil {
			return
		}
		minor := rapid.Int64Range(-1e9, 1e9).Draw(t, "minor")
		got, ok := rate.factor().convert(minor)
		if !ok {
			t.Fatal("does not fit")
		}
		value, _ := new(big.Rat).SetString(rate.Value)
		value.Mul(value, new(big.Rat).SetFrac64(minor, 1))
		value.Mul(value, new(big.Rat).SetFrac(power(digits(to)), power(digits(from))))
		off := new(big.Rat).Sub(value, new(big.Rat).SetInt64(got))
		switch off.Abs(off).Cmp(big.NewRat(1, 2)) {
		case 1:
			t.Errorf("%d × %s is %s, got %d", minor, rate.Value, value.FloatString(9), got)
		case 0:
			if got%2 != 0 {
				t.Errorf("%d × %s is %s: half is rounded to even, got %d", minor, rate.Value, value.FloatString(9), got)
			}
		}
	})
}

func TestCheckNamesTheField(t *testing.T) {
	sound := Rate{From: "USD", To: "CNY", Start: "2026-01-01", Value: "7.1832"}
	for field, spoil := range map[string]func(*Rate){
		"from_currency_code": func(r *Rate) { r.From = "XYZ" },
		"to_currency_code":   func(r *Rate) { r.To = "USD" },
		"start_date":         func(r *Rate) { r.Start = "2026-02-30" },
		"rate":               func(r *Rate) { r.Value = "0.000" },
		"source":             func(r *Rate) { r.Source = "a\nb" },
	} {
		r := sound
		spoil(&r)
		f, ok := fault.As(r.Check())
		if !ok || len(f.Violations) != 1 || f.Violations[0].Field != field {
			t.Errorf("%+v: %v, want %s", r, r.Check(), field)
		}
	}
	for _, value := range []string{"", "-1", "1e2", "1.", ".5", "1234567890123", "NaN", "１"} {
		if r := (Rate{From: "USD", To: "CNY", Start: "2026-01-01", Value: value}); r.Check() == nil {
			t.Errorf("rate %q passes", value)
		}
	}
}

func BenchmarkConvert(b *testing.B) {
	table := tableOf(b, "CNY", Rate{From: "USD", To: "CNY", Start: "2026-01-01", Value: "7.1832"})
	at := instant("2026-03-01T00:00:00Z")
	for b.Loop() {
		if _, err := table.Convert(123456, "USD", at); err != nil {
			b.Fatal(err)
		}
	}
}
