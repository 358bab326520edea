package importer

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/width"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func TestAmountIn(t *testing.T) {
	cny, jpy, usd, hkd, eur := tender{"CNY", 2}, tender{"JPY", 0}, tender{"USD", 2}, tender{"HKD", 2}, tender{"EUR", 2}
	for _, test := range []struct {
		text  string
		money tender
		minor int64
		why   string
	}{
		{"29.33", cny, 2933, ""},
		{"¥29.33", cny, 2933, ""},
		{"￥ 1,229.33", cny, 122933, ""},
		{"￥１，２２９．３３", cny, 122933, ""},
		{"29.33元", cny, 2933, ""},
		{"29.33 圆", cny, 2933, ""},
		{"人民币29.33", cny, 2933, ""},
		{"RMB 29.33", cny, 2933, ""},
		{"CNY 12.00", cny, 1200, ""},
		{"12.00CNY", cny, 1200, ""},
		{"cny12", cny, 1200, ""},
		{"'12.00", cny, 1200, ""},
		{`="¥12.00"`, cny, 1200, ""},
		{"¥1200", jpy, 1200, ""},
		{"1,200円", jpy, 1200, ""},
		{"$12.50", usd, 1250, ""},
		{"US$12.50", usd, 1250, ""},
		{"$12.50", hkd, 1250, ""},
		{"HK$12.50", hkd, 1250, ""},
		{"€12.50", eur, 1250, ""},
		{"12.50 €", eur, 1250, ""},
		{"$12.50", cny, 0, "CURRENCY_MISMATCH"},
		{"US$12.50", hkd, 0, "CURRENCY_MISMATCH"},
		{"USD 12.50", cny, 0, "CURRENCY_MISMATCH"},
		{"12.50元", usd, 0, "CURRENCY_MISMATCH"},
		{"¥12", usd, 0, "CURRENCY_MISMATCH"},
		{"£12.50", eur, 0, "CURRENCY_MISMATCH"},
		{"XQQ 12.50", cny, 0, "AMOUNT_MALFORMED"},
		{"¥¥12.50", cny, 0, "AMOUNT_MALFORMED"},
		{"CNY", cny, 0, "AMOUNT_MALFORMED"},
		{"¥", cny, 0, "AMOUNT_MALFORMED"},
		{"12.50 件", cny, 0, "AMOUNT_MALFORMED"},
		{"1.2万", cny, 0, "AMOUNT_MALFORMED"},
		{"¥-12.50", cny, 0, "AMOUNT_NEGATIVE"},
		{"-¥12.50", cny, 0, "AMOUNT_NEGATIVE"},
		{"(¥12.50)", cny, 0, "AMOUNT_NEGATIVE"},
		{"¥1.234,50", cny, 0, "AMOUNT_MALFORMED"},
		{"¥12.345", cny, 0, "AMOUNT_TOO_FINE"},
		{"¥12", tender{scale: 3}, 0, "AMOUNT_MALFORMED"}, // a quantity
	} {
		minor, f := amountIn("amount", test.text, test.money)
		if minor != test.minor || reasonOf(f) != test.why {
			t.Errorf("%q in %s: %d %s, want %d %s", test.text, test.money.code, minor, reasonOf(f), test.minor, test.why)
		}
	}
}

// What is about a number does not change it.
func TestAmountsDressed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(0, 999_999_999_999_999).Draw(t, "minor")
		whole := strconv.FormatInt(minor/100, 10)
		if rapid.Bool().Draw(t, "thousands") {
			for at := len(whole) - 3; at > 0; at -= 3 {
				whole = whole[:at] + "," + whole[at:]
			}
		}
		text := fmt.Sprintf("%s.%02d", whole, minor%100)
		if rapid.Bool().Draw(t, "wide") {
			text = width.Widen.String(text)
		}
		dress := rapid.SampledFrom([]string{"%s", "¥%s", "￥ %s", "%s元", "CNY %s", " RMB%s ", "%s CNY"}).Draw(t, "dress")
		text = fmt.Sprintf(dress, text)
		if got, f := amountIn("amount", text, tender{"CNY", 2}); got != minor || f != nil {
			t.Fatalf("%q: %d, %v", text, got, f)
		}
	})
}

// Whatever a field holds, it is read or refused, with a fault that names the column.
func TestAnyValueIsReadOrRefused(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	pieces := []string{"1", "20", "2024", "11", "000", "-", "/", ".", ":", ",", " ", "年", "月", "日", "时", "分", "秒", "上午", "PM", "T", "Z",
		"+", "E", "e", "¥", "$", "元", "CNY", "=\"", "\"", "'", "(", ")", "*", "\xff", "客"}
	rapid.Check(t, func(t *rapid.T) {
		value := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "any") {
			value = string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		}
		minor, f := amountIn("c", value, tender{"CNY", 2})
		if f != nil && (f.Violations[0].Field != "c" || f.Reason == "") || f == nil && (minor < 0 || minor > domain.MaxMinor) {
			t.Fatalf("amount %q: %d, %v", value, minor, f)
		}
		at, f := readTime("c", value, shanghai)
		if f != nil && (f.Violations[0].Field != "c" || f.Reason == "") || f == nil && (at.Year() < -1 || at.Year() > 10_000) {
			t.Fatalf("time %q: %s, %v", value, at, f)
		}
		if id, f := orderKey("c", value); f == nil && id == "" {
			t.Fatalf("id %q is empty", value)
		}
		if masked(value) && roundedID(value) {
			t.Fatalf("%q is masked, and a number", value)
		}
	})
}
