package importer

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// ofAttribute is what the title of a column with an attribute begins with.
const ofAttribute = "attr:"

// ofAttributes is the member of JSON lines that holds attributes by their names.
const ofAttributes = "attributes"

func isAttribute(title string) bool {
	name, is := strings.CutPrefix(title, ofAttribute)
	return is && domain.AttributeName(name)
}

// attribute reads the value of an attribute of a type. One that is not defined is
// taken as text, to be refused with the reason.
func (r *customerRows) attribute(column, text string, kind domain.ValueType) (domain.Value, *fault.Fault) {
	malformed := func(what string) (domain.Value, *fault.Fault) {
		return domain.Value{}, invalid(column, "ATTRIBUTE_MALFORMED", "must be %s, is %q", what, clip(text, 40))
	}
	v := domain.Value{Type: kind}
	switch kind {
	case domain.NumberValue:
		x, err := strconv.ParseFloat(plain(text), 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return malformed("a number such as 12.5")
		}
		v.Number = x
	case domain.IntegerValue:
		n, err := strconv.ParseInt(plain(text), 10, 64)
		if err != nil {
			return malformed("a whole number")
		}
		v.Integer = n
	case domain.BoolValue:
		switch strings.ToLower(plain(text)) {
		case "true", "yes", "1", "是":
			v.Bool = true
		case "false", "no", "0", "否":
		default:
			return malformed("true or false")
		}
	case domain.DateValue:
		c, ok := parseClock(plain(text))
		if !ok {
			return malformed("a date such as 2026-05-17")
		}
		v.Date = domain.Date{Year: int64(c.year), Month: int64(c.month), Day: int64(c.day)}
	case domain.TimestampValue:
		at, err := time.Parse(time.RFC3339, plain(text))
		if err != nil {
			return malformed("a time with its zone such as 2026-05-17T08:00:00+08:00")
		}
		v.Time = at
	case domain.ListValue:
		v.List = list(text)
	case domain.MoneyValue:
		number, code, _ := strings.Cut(plain(text), " ")
		money, f := tenders{}.read(code)
		if f != nil {
			return malformed("an amount and its currency such as 12.50 CNY")
		}
		minor, f := amountIn(column, number, money)
		if f != nil {
			return domain.Value{}, f
		}
		v.Money = domain.Money{MinorUnits: minor, CurrencyCode: money.code}
	default:
		v.Type, v.Text = domain.TextValue, text
	}
	return v, nil
}
