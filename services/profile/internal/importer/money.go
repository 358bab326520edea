package importer

import (
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// signs are how amounts are marked with a currency, and the currencies that may
// be meant. The width of the signs makes no difference.
var signs = []struct {
	sign  string
	codes string
}{
	{"US$", "USD"}, {"HK$", "HKD"}, {"NT$", "TWD"}, {"RMB", "CNY"}, {"人民币", "CNY"}, {"美元", "USD"}, {"港元", "HKD"}, {"日元", "JPY"}, {"欧元", "EUR"},
	{"¥", "CNY JPY"}, {"元", "CNY HKD TWD MOP"}, {"圆", "CNY JPY"}, {"円", "JPY"},
	{"$", "USD AUD BND BBD BMD BSD BZD CAD CLP COP FJD HKD JMD KYD LRD MXN NAD NZD SGD TTD TWD XCD"},
	{"€", "EUR"}, {"£", "GBP EGP FKP GIP SHP"}, {"₩", "KRW KPW"}, {"₹", "INR"}, {"₽", "RUB"}, {"฿", "THB"}, {"₫", "VND"},
}

// bareNumber is the number in an amount that has more about it: a currency's sign
// or code, commas between thousands, marks of a spreadsheet. decimal reads it.
func bareNumber(column, text string, money tender) (string, *fault.Fault) {
	if text == "" {
		return "", invalid(column, "VALUE_MISSING", "must not be empty")
	}
	bare := unquoted(text)
	bare, negative := unsigned(bare)
	bare, f := withoutCurrency(column, bare, text, money)
	if f != nil {
		return "", f
	}
	if !negative {
		bare, negative = unsigned(bare) // ¥-5.00
	}
	bare, grouped := withoutThousands(bare)
	_, _, number := decimal(bare)
	switch {
	case number && negative:
		return "", invalid(column, "AMOUNT_NEGATIVE", "must not be negative, is %q", clip(text, 40))
	case number:
		return bare, nil
	case !grouped:
		return "", invalid(column, "AMOUNT_MALFORMED",
			"must have a point before the decimals, and commas only before every three digits: 1234.50 or 1,234.50, is %q", clip(text, 40))
	}
	return "", invalid(column, "AMOUNT_MALFORMED", "must be a number such as 1234.50, is %q", clip(text, 40))
}

// unsigned takes off what makes a number negative: a minus sign, or the brackets
// of accountants.
func unsigned(text string) (bare string, negative bool) {
	for _, minus := range []string{"-", "\u2212"} {
		if bare, negative = strings.CutPrefix(text, minus); negative {
			return tidy(bare), true
		}
	}
	if len(text) > 1 && text[0] == '(' && text[len(text)-1] == ')' {
		return tidy(text[1 : len(text)-1]), true
	}
	return text, false
}

// withoutCurrency takes off the sign or code of the row's currency. What is not
// money, such as a quantity, has none, and whatever is there then stays.
func withoutCurrency(column, bare, text string, money tender) (string, *fault.Fault) {
	if money.code == "" {
		return bare, nil
	}
	for _, s := range signs {
		rest, found := cutMark(bare, s.sign)
		if !found {
			continue
		}
		if !strings.Contains(s.codes, money.code) {
			return "", mismatch(column, text, money)
		}
		return rest, nil
	}
	code := strings.Trim(bare, "0123456789., -+()")
	if rest, found := cutMark(bare, code); found && len(code) == 3 {
		if stated, f := make(tenders).read(code); f == nil {
			if stated.code != money.code {
				return "", mismatch(column, text, money)
			}
			return rest, nil
		}
	}
	return bare, nil
}

// cutMark takes a mark off the beginning or the end of a number.
func cutMark(text, mark string) (rest string, found bool) {
	if rest, found = strings.CutPrefix(text, mark); !found {
		rest, found = strings.CutSuffix(text, mark)
	}
	return tidy(rest), found
}

func mismatch(column, text string, money tender) *fault.Fault {
	return invalid(column, "CURRENCY_MISMATCH", "must be in %s as the row is, is %q", money.code, clip(text, 40))
}

// withoutThousands takes off the commas that part the thousands, 1,234,567.50. It
// is not ok, and leaves them, where one stands elsewhere: nobody knows what 12,34
// or 1.234,50 or 0,125 is meant to be.
func withoutThousands(text string) (bare string, ok bool) {
	if strings.IndexByte(text, ',') < 0 {
		return text, true
	}
	whole, fraction, point := strings.Cut(text, ".")
	groups := strings.Split(strings.TrimPrefix(whole, "+"), ",")
	for i, group := range groups {
		switch {
		case !digits(group),
			i == 0 && (len(group) < 1 || len(group) > 3 || group[0] == '0'),
			i > 0 && len(group) != 3:
			return text, false
		}
	}
	if !digits(fraction) {
		return text, false
	}
	bare = strings.Join(groups, "")
	if point {
		bare += "." + fraction
	}
	return bare, true
}
