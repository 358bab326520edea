package describe

import (
	"math"
	"strconv"
	"strings"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// units are what numbers are counted in, in English one and several.
var units = map[string]struct{ one, many, zh string }{
	"days": {"day", "days", "天"}, "years": {"year", "years", "岁"}, "persons": {"person", "persons", "人"}, "orders": {"order", "orders", "单"},
}

// figurePair writes two numbers of a variable, in so many digits that they differ.
func figurePair(l language, v Variable, a, b float64) (string, string) {
	if phraseOf(v.Name).share {
		return share(l, a), share(l, b)
	}
	digits := 3
	for digits < 15 && a != b && significant(a, digits) == significant(b, digits) {
		digits++
	}
	first, second := significant(a, digits), significant(b, digits)
	if _, counted := units[v.Unit]; counted && l == english {
		return withUnit(l, v.Unit, first), second // "10 orders, against 2"
	}
	return withUnit(l, v.Unit, first), withUnit(l, v.Unit, second)
}

func withUnit(l language, unit, number string) string {
	u, known := units[unit]
	switch {
	case unit == "":
		return number
	case known && l == chinese:
		return number + " " + u.zh
	case known && number == "1":
		return number + " " + u.one
	case known:
		return number + " " + u.many
	case unit == "CNY" && l == chinese:
		return number + " 元"
	case facts.IsCurrency(unit) && l == english:
		return unit + " " + number
	default:
		return number + " " + unit
	}
}

// significant writes a number in so many significant digits, at least to the unit,
// with separators between thousands.
func significant(x float64, digits int) string {
	if x == 0 {
		return "0"
	}
	after := digits - 1 - int(math.Floor(math.Log10(math.Abs(x))))
	s := decimals(x, max(0, min(after, 15)))
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

// decimals writes a number in so many decimals, with separators between thousands.
func decimals(x float64, after int) string {
	s := strconv.FormatFloat(x, 'f', after, 64)
	integer, fraction, found := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(integer, "-") {
		sign, integer = "-", integer[1:]
	}
	for at := len(integer) - 3; at > 0; at -= 3 {
		integer = integer[:at] + "," + integer[at:]
	}
	if found {
		return sign + integer + "." + fraction
	}
	return sign + integer
}

func whole(n int64) string { return decimals(float64(n), 0) }

// share writes a fraction as a percentage with one decimal, and never as all or none
// where it is not: 6.2 % in English, 6.2% in Chinese.
func share(l language, x float64) string {
	s := decimals(100*x, 1)
	switch {
	case x > 0 && s == "0.0":
		s = both{"less than 0.1", "不到 0.1"}[l]
	case x < 1 && s == "100.0":
		s = both{"more than 99.9", "超过 99.9"}[l]
	}
	return s + both{" %", "%"}[l]
}
