package importer

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
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
		{"1,234.50", 2, 0, "AMOUNT_MALFORMED"},
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

func TestReadTime(t *testing.T) {
	shanghai, newYork, santiago := zone(t, "Asia/Shanghai"), zone(t, "America/New_York"), zone(t, "America/Santiago")
	for _, test := range []struct {
		text string
		zone *time.Location
		want string // RFC 3339, UTC; or the reason of the fault
	}{
		{"2026-03-14", time.UTC, "2026-03-14T00:00:00Z"},
		{"2026-03-14", shanghai, "2026-03-13T16:00:00Z"},
		{"2026/3/4", shanghai, "2026-03-03T16:00:00Z"},
		{"2026年3月14日", shanghai, "2026-03-13T16:00:00Z"},
		{"２０２６年３月１４日", shanghai, "2026-03-13T16:00:00Z"},
		{" 2026-03-14 ", time.UTC, "2026-03-14T00:00:00Z"},
		{"2026-03-14 15:09", shanghai, "2026-03-14T07:09:00Z"},
		{"2026/3/14 5:09:26", shanghai, "2026-03-13T21:09:26Z"},
		{"2026年3月14日15:09:26", shanghai, "2026-03-14T07:09:26Z"},
		{"2026年03月14日 15:09", shanghai, "2026-03-14T07:09:00Z"},
		{"2026-03-14T15:09:26Z", shanghai, "2026-03-14T15:09:26Z"},
		{"2026-03-14T15:09:26+08:00", time.UTC, "2026-03-14T07:09:26Z"},
		{"2026-03-14 15:09:26.5 -0330", time.UTC, "2026-03-14T18:39:26.5Z"},
		{"2026-03-14T15:09:26.123456789Z", time.UTC, "2026-03-14T15:09:26.123456789Z"},
		{"2024-02-29", time.UTC, "2024-02-29T00:00:00Z"},
		// New York's clocks were put forward from 02:00 to 03:00, and back from 02:00 to 01:00.
		{"2026-03-08 02:30", newYork, "TIME_SKIPPED"},
		{"2026-03-08 03:00", newYork, "2026-03-08T07:00:00Z"},
		{"2026-11-01 01:30", newYork, "2026-11-01T05:30:00Z"},
		// Santiago's from 00:00 to 01:00: the day has no midnight.
		{"2025-09-07", santiago, "2025-09-07T04:00:00Z"},
		{"2025-09-07 00:00", santiago, "TIME_SKIPPED"},
		{"2024-02-30", time.UTC, "TIME_NOT_IN_CALENDAR"},
		{"2023-02-29", time.UTC, "TIME_NOT_IN_CALENDAR"},
		{"2024-13-01", time.UTC, "TIME_NOT_IN_CALENDAR"},
		{"0000-00-00", time.UTC, "TIME_NOT_IN_CALENDAR"},
		{"2026-03-14 24:00", time.UTC, "TIME_MALFORMED"},
		{"2016-12-31T23:59:60Z", time.UTC, "TIME_MALFORMED"},
		{"14/03/2026", time.UTC, "TIME_MALFORMED"},
		{"昨天", time.UTC, "TIME_MALFORMED"},
		{"20260314", time.UTC, "TIME_MALFORMED"},
		{"2026-03/14", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14x", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14 ", time.UTC, "2026-03-14T00:00:00Z"},
		{"2026-03-1415:00", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14 15", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14 15:09:26 CST", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14T15:09:26+24:00", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14T15:09:26.Z", time.UTC, "TIME_MALFORMED"},
		{"46095", time.UTC, "TIME_MALFORMED"},
		{"", time.UTC, "VALUE_MISSING"},
	} {
		got, f := readTime("order_time", test.text, test.zone)
		text := reasonOf(f)
		if f == nil {
			text = got.Format(time.RFC3339Nano)
		}
		if text != test.want || f == nil && got.Location() != time.UTC {
			t.Errorf("%q in %s: %s, want %s", test.text, test.zone, text, test.want)
		}
	}
}

// What package time writes is read as what it was.
func TestReadTimeAgainstFormat(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), 0).In(shanghai)
		layout := rapid.SampledFrom([]string{
			time.RFC3339, time.DateTime, "2006/1/2 15:04:05", "2006年1月2日 15:04:05", "2006年01月02日15:04:05", "2006-01-02T15:04:05",
		}).Draw(t, "layout")
		// China's clocks were put back in the years to 1991: an hour is there twice.
		got, f := readTime("order_time", at.Format(layout), shanghai)
		if f != nil || !got.Equal(at) && got.In(shanghai).Format(layout) != at.Format(layout) {
			t.Fatalf("%s: %s, %v", at.Format(layout), got, f)
		}
	})
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
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

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"custmer_id", "customer_id", 1}} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("%q, %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestBirthDates(t *testing.T) {
	now := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"1990-05-17": "1990-05-17", "1990/5/17": "1990-05-17", "1990年5月17日": "1990-05-17", "--05-17": "--05-17", "": "",
		"1990-05-17 00:00:00": "1990-05-17",
		"1990-02-30":          "!birth_date", "九零后": "!birth_date", "2190-05-06": "!birth_date", "1985-00-12": "!birth_date",
	} {
		born, f := birthDate(text, now)
		got := born.String()
		if f != nil {
			got = "!" + f.Violations[0].Field
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestFormulasAreHarmless(t *testing.T) {
	for _, value := range []string{"=cmd|'/c calc'!A1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "－1"} {
		if got := safe(value); got != "'"+value {
			t.Errorf("%q: %q", value, got)
		}
	}
	for _, value := range []string{"", "a=b", "客户", "1"} {
		if got := safe(value); got != value {
			t.Errorf("%q: %q", value, got)
		}
	}
}
