package rule

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// test is a condition of a common shape, which is told without CEL: some ten times
// as fast, and knowing what would make it another.
type test interface {
	holds(e *evaluation) (bool, error)
	// change says what would make it not hold, or hold, in English and Chinese.
	change(e *evaluation, holds bool) (en, zh string)
}

// intTest compares a whole number of the customer's.
type intTest struct {
	subject
	field    *facts.Field // nil for the revenue in a currency, in its minor unit
	currency string
	than     comparison
}

func (t *intTest) value(e *evaluation) int64 {
	if t.field == nil {
		return e.revenue(t.currency).Minor
	}
	return t.field.Int(e.facts)
}

func (t *intTest) holds(e *evaluation) (bool, error) { return t.than.holds(t.value(e)), nil }

func (t *intTest) change(e *evaluation, holds bool) (string, string) {
	return t.subject.change(formatInt(t.value(e)), t.than.operator, formatInt(t.than.than), holds)
}

// doubleTest compares a number of the customer's.
type doubleTest struct {
	subject
	field    *facts.Field // nil for the revenue in a currency
	currency string
	operator operator
	than     float64
}

func (t *doubleTest) value(e *evaluation) float64 {
	if t.field == nil {
		return e.revenue(t.currency).Major()
	}
	return t.field.Double(e.facts)
}

func (t *doubleTest) holds(e *evaluation) (bool, error) {
	return orderedDoubles(t.operator, t.value(e), t.than), nil
}

// orderedDoubles compares as IEEE 754 does: what is no number is unequal to all.
func orderedDoubles(o operator, a, b float64) bool {
	if a != a || b != b {
		return o == unequal
	}
	return o.ordered(cmp.Compare(a, b))
}

func (t *doubleTest) change(e *evaluation, holds bool) (string, string) {
	format := formatDouble
	if t.currency != "" {
		format = func(x float64) string { return formatAmount(x, t.currency) }
	}
	return t.subject.change(format(t.value(e)), t.operator, format(t.than), holds)
}

// textTest compares a text of the customer's.
type textTest struct {
	subject
	field    *facts.Field
	operator operator
	than     string
}

func (t *textTest) holds(e *evaluation) (bool, error) {
	return t.operator.ordered(strings.Compare(t.field.Text(e.facts), t.than)), nil
}

func (t *textTest) change(e *evaluation, holds bool) (string, string) {
	return t.subject.change(quoted(t.field.Text(e.facts)), t.operator, quoted(t.than), holds)
}

// timeTest compares an instant of the customer's.
type timeTest struct {
	subject
	field    *facts.Field
	operator operator
	than     time.Time
}

func (t *timeTest) holds(e *evaluation) (bool, error) {
	return t.operator.ordered(t.field.Time(e.facts).Compare(t.than)), nil
}

func (t *timeTest) change(e *evaluation, holds bool) (string, string) {
	return t.subject.change(t.field.Format(e.facts), t.operator, t.than.UTC().Format(time.RFC3339Nano), holds)
}

// dateTest compares a date of the customer's.
type dateTest struct {
	subject
	field    *facts.Field
	operator operator
	than     facts.Date
}

func (t *dateTest) holds(e *evaluation) (bool, error) {
	return t.operator.ordered(compareDates(t.field.Date(e.facts), t.than)), nil
}

func (t *dateTest) change(e *evaluation, holds bool) (string, string) {
	return t.subject.change(t.field.Format(e.facts), t.operator, t.than.String(), holds)
}

// flagTest asks a yes or no of the customer's.
type flagTest struct {
	subject
	field *facts.Field
}

func (t *flagTest) holds(e *evaluation) (bool, error) { return t.field.Bool(e.facts), nil }

func (t *flagTest) change(_ *evaluation, holds bool) (string, string) { return t.subject.flip(holds) }

// knownTest asks whether a fact is known.
type knownTest struct {
	subject
	field *facts.Field
}

func (t *knownTest) holds(e *evaluation) (bool, error) { return t.field.Known(e.facts), nil }

func (t *knownTest) change(_ *evaluation, holds bool) (string, string) {
	if holds {
		return t.en + " is known and would have to be unknown", t.zh + "已知，需要为未知"
	}
	return t.en + " is not known and would have to be", t.zh + "未知，需要已知"
}

// amongTest asks whether a text of the customer's is one of a list.
type amongTest struct {
	subject
	field *facts.Field
	texts []string // in order
}

func (t *amongTest) holds(e *evaluation) (bool, error) {
	_, found := slices.BinarySearch(t.texts, t.field.Text(e.facts))
	return found, nil
}

func (t *amongTest) change(e *evaluation, holds bool) (string, string) {
	return t.subject.among(t.field.Text(e.facts), t.texts, holds)
}

// containsTest asks whether a list of the customer's has a text.
type containsTest struct {
	subject
	field *facts.Field
	text  string
}

func (t *containsTest) holds(e *evaluation) (bool, error) {
	return slices.Contains(t.field.Texts(e.facts), t.text), nil
}

func (t *containsTest) change(_ *evaluation, holds bool) (string, string) {
	if holds {
		return t.en + " has " + quoted(t.text) + " and would have to be without it", t.zh + "含“" + t.text + "”，需要不含"
	}
	return t.en + " does not have " + quoted(t.text) + " and would have to", t.zh + "不含“" + t.text + "”，需要含有"
}

// segmentTest asks whether the customer is in another segment.
type segmentTest struct{ segment string }

func (t *segmentTest) holds(e *evaluation) (bool, error) { return e.inSegment(t.segment) }

func (t *segmentTest) change(_ *evaluation, holds bool) (string, string) {
	if holds {
		return "the customer is in segment " + t.segment + " and would have to leave it", "客户在细分“" + t.segment + "”中，需要离开"
	}
	return "the customer is not in segment " + t.segment + " and would have to be", "客户不在细分“" + t.segment + "”中，需要进入"
}
