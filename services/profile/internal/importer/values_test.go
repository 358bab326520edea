package importer

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

func reasonOf(f *fault.Fault) string {
	if f == nil {
		return ""
	}
	return f.Reason
}

func TestAmount(t *testing.T) {
	for _, test := range []struct {
		text  string
		scale int
		minor int64
		why   string
	}{
		{"29.33", 2, 2933, ""},
		{"0", 2, 0, ""},
		{"0.00", 2, 0, ""},
		{"7", 2, 700, ""},
		{"7.", 2, 700, ""},
		{".5", 2, 50, ""},
		{"+7.1", 2, 710, ""},
		{"007.10", 2, 710, ""},
		{"29.3300", 2, 2933, ""},
		{" 29.33 ", 2, 2933, ""},
		{"\u300029.33\u3000", 2, 2933, ""},
		{"２９．３３", 2, 2933, ""},
		{"2933", 0, 2933, ""},
		{"2933.000", 0, 2933, ""},
		{"1.234", 3, 1234, ""},
		{"29.330000000000002", 2, 2933, ""},
		{"29.329999999999998", 2, 2933, ""},
		{"0.999999999999", 2, 100, ""},
		{"4.440892e-16", 2, 0, ""},
		{"2933E-2", 2, 2933, ""},
		{"2.933e-0", 2, 0, "AMOUNT_TOO_FINE"},
		{"10000000000000.00", 2, 1_000_000_000_000_000, ""},
		{"10000000000000.01", 2, 0, "AMOUNT_TOO_LARGE"},
		{"99999999999999999999999999", 2, 0, "AMOUNT_TOO_LARGE"},
		{"29.335", 2, 0, "AMOUNT_TOO_FINE"},
		{"0.5", 0, 0, "AMOUNT_TOO_FINE"},
		{"", 2, 0, "VALUE_MISSING"},
		{"  ", 2, 0, "VALUE_MISSING"},
		{"-1.00", 2, 0, "AMOUNT_NEGATIVE"},
		{"-9223372036854775808", 2, 0, "AMOUNT_NEGATIVE"},
		{"1,234.50", 2, 123450, ""},
		{"+1,234,567", 2, 123456700, ""},
		{"１，２３４．５０", 2, 123450, ""},
		{"='1'", 2, 0, "AMOUNT_MALFORMED"},
		{`="12.00"`, 2, 1200, ""},
		{`="1,200.00"`, 2, 120000, ""},
		{"'12.00", 2, 1200, ""},
		{"'-12.00", 2, 0, "AMOUNT_MALFORMED"},
		{"12,34", 2, 0, "AMOUNT_MALFORMED"},
		{"1,2345", 2, 0, "AMOUNT_MALFORMED"},
		{"1234,567", 2, 0, "AMOUNT_MALFORMED"},
		{"0,125", 3, 0, "AMOUNT_MALFORMED"},
		{"1,,234", 2, 0, "AMOUNT_MALFORMED"},
		{",234", 2, 0, "AMOUNT_MALFORMED"},
		{"1,234.5,6", 2, 0, "AMOUNT_MALFORMED"},
		{"1,234.567", 2, 0, "AMOUNT_TOO_FINE"},
		{"10,000,000,000,000.01", 2, 0, "AMOUNT_TOO_LARGE"},
		{"-1,234.50", 2, 0, "AMOUNT_NEGATIVE"},
		{"\u22121.50", 2, 0, "AMOUNT_NEGATIVE"},
		{"－1.50", 2, 0, "AMOUNT_NEGATIVE"},
		{"(29.33)", 2, 0, "AMOUNT_NEGATIVE"},
		{"（29.33）", 2, 0, "AMOUNT_NEGATIVE"},
		{"()", 2, 0, "AMOUNT_MALFORMED"},
		{"1 234.50", 2, 0, "AMOUNT_MALFORMED"},
		{"1.23E+05", 2, 0, "AMOUNT_MALFORMED"},
		{"1.234,50", 2, 0, "AMOUNT_MALFORMED"},
		{"1.2.3", 2, 0, "AMOUNT_MALFORMED"},
		{"1e5", 2, 0, "AMOUNT_MALFORMED"},
		{"1e-999999999999", 2, 0, "AMOUNT_MALFORMED"},
		{"1e-401", 2, 0, "AMOUNT_MALFORMED"},
		{"e-5", 2, 0, "AMOUNT_MALFORMED"},
		{".", 2, 0, "AMOUNT_MALFORMED"},
		{"-", 2, 0, "AMOUNT_MALFORMED"},
		{"+", 2, 0, "AMOUNT_MALFORMED"},
		{"NaN", 2, 0, "AMOUNT_MALFORMED"},
		{"Infinity", 2, 0, "AMOUNT_MALFORMED"},
		{"0x10", 2, 0, "AMOUNT_MALFORMED"},
		{"¥100", 2, 0, "AMOUNT_MALFORMED"},
		{"一百元", 2, 0, "AMOUNT_MALFORMED"},
	} {
		minor, f := amount("amount", test.text, test.scale)
		if minor != test.minor || reasonOf(f) != test.why {
			t.Errorf("%q: %d %s, want %d %s", test.text, minor, reasonOf(f), test.minor, test.why)
		}
		if f != nil && f.Violations[0].Field != "amount" {
			t.Errorf("%q: names the field %q", test.text, f.Violations[0].Field)
		}
	}
}

// Amounts are exact: as rational numbers, text and minor units are the same.
func TestAmountIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{1,12}(\.[0-9]{0,5})?(e-[0-9]{1,2})?`).Draw(t, "text")
		scale := rapid.IntRange(0, 4).Draw(t, "scale")
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q is no number", text)
		}
		exact.Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		minor, f := amount("amount", text, scale)
		off := new(big.Rat).Abs(new(big.Rat).Sub(exact, new(big.Rat).SetInt64(minor)))
		switch reasonOf(f) {
		case "":
			if off.Cmp(big.NewRat(1, 1_000_000)) > 0 {
				t.Fatalf("%s with %d decimals is not %d", text, scale, minor)
			}
		case "AMOUNT_TOO_LARGE":
			if exact.Cmp(big.NewRat(999_999_999_999_999, 1)) < 0 {
				t.Fatalf("%s is not too large", text)
			}
		case "AMOUNT_TOO_FINE":
			if exact.IsInt() {
				t.Fatalf("%s with %d decimals is not too fine", text, scale)
			}
		default:
			t.Fatalf("%s: %v", text, f)
		}
	})
}

func TestCurrencies(t *testing.T) {
	known := make(tenders)
	for text, want := range map[string]tender{
		"CNY": {"CNY", 2}, "cny": {"CNY", 2}, " usd ": {"USD", 2}, "ＣＮＹ": {"CNY", 2}, "JPY": {"JPY", 0}, "KWD": {"KWD", 3},
		"XQQ": {}, "人民": {}, "$$": {}, "": {}, "CNYY": {},
	} {
		for range 2 { // from memory, too
			got, f := known.read(text)
			if got != want || (f == nil) != (want.code != "") {
				t.Errorf("%q: %v, %v", text, got, f)
			}
		}
	}
}

func TestColumns(t *testing.T) {
	for _, test := range []struct {
		header, reason, says string
	}{
		{"order_id,customer_id,order_time,amount", "", ""},
		{" Order_ID ,CUSTOMER_ID,ｏｒｄｅｒ_ｔｉｍｅ,amount,note", "", ""},
		{"order_id,custmer_id,order_time,amount", "FILE_COLUMN_MISSING", `column "custmer_id": did you mean customer_id?`},
		{"order_id,CustomerID,order_time,amount", "FILE_COLUMN_MISSING", `column "CustomerID": did you mean customer_id?`},
		{"order_id,customer_id,ordertime,amuont", "FILE_COLUMN_MISSING", `column "amuont": did you mean amount?`},
		{"order_id,buyer,order_time,amount", "FILE_COLUMN_MISSING", "column customer_id is missing"},
		{"order_id,customer_id,order_time,amount,AMOUNT", "FILE_COLUMN_TWICE", "amount"},
		{"A1,C1,2026-03-14,10.00", "FILE_HEADER_MISSING", "the first row must name the columns"},
	} {
		c, err := columnsOf(strings.Split(test.header, ","), orderLayout(nil))
		if fault.ReasonOf(err) != test.reason || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %s %s", test.header, err, test.reason, test.says)
		}
		if err == nil && (c.at["amount"][0] != 3 || c.has("currency")) {
			t.Errorf("%s: %+v", test.header, c)
		}
	}
}

func TestFormulasAreHarmless(t *testing.T) {
	for _, value := range []string{"=cmd|'/c calc'!A1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "－1"} {
		if got := sheet.Harmless(value); got != "'"+value {
			t.Errorf("%q: %q", value, got)
		}
	}
	for _, value := range []string{"", "a=b", "客户", "1"} {
		if got := sheet.Harmless(value); got != value {
			t.Errorf("%q: %q", value, got)
		}
	}
}
