package rule

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// dateType is the type of calendar dates in expressions.
var dateType = types.NewObjectType("date", traits.ComparerType)

// date is a calendar date as expressions see it. Parts that are not known are 0 and
// come before all others.
type date facts.Date

var _ traits.Comparer = date{}

// ConvertToNative is asked for by CEL where a result leaves an expression: a date does not.
func (d date) ConvertToNative(desc reflect.Type) (any, error) {
	return nil, fmt.Errorf("a date cannot be turned into %v", desc)
}

// ConvertToType turns a date into text, e.g. "1990-05-17".
func (d date) ConvertToType(t ref.Type) ref.Val {
	switch t.TypeName() {
	case types.StringType.TypeName():
		return types.String(facts.Date(d).String())
	case types.TypeType.TypeName():
		return dateType
	}
	return types.NewErr("a date cannot be turned into %s", t.TypeName())
}

// Equal tells whether two dates are the same in all parts.
func (d date) Equal(other ref.Val) ref.Val {
	o, ok := other.(date)
	return types.Bool(ok && o == d)
}

// Compare orders dates by year, month and day.
func (d date) Compare(other ref.Val) ref.Val {
	o, ok := other.(date)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return types.Int(compareDates(facts.Date(d), facts.Date(o)))
}

// Type is that of dates.
func (d date) Type() ref.Type { return dateType }

// Value is the date itself.
func (d date) Value() any { return facts.Date(d) }

func compareDates(a, b facts.Date) int {
	return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
}

var isoDate = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})$`)

// parseDate reads a date as ISO 8601 writes it, e.g. "1990-05-17".
func parseDate(text string) (facts.Date, bool) {
	m := isoDate.FindStringSubmatch(text)
	if m == nil {
		return facts.Date{}, false
	}
	year, _ := strconv.Atoi(m[1])
	month, _ := strconv.Atoi(m[2])
	day, _ := strconv.Atoi(m[3])
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return facts.Date{Year: year, Month: month, Day: day}, year > 0 && at.Day() == day && int(at.Month()) == month
}

func isDate(text string) bool {
	_, ok := parseDate(text)
	return ok
}
