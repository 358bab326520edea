package rule

import (
	"math"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// elapsedTest compares the time since an instant with a span: what most comparisons
// with now come to, e.g. now - orders.last_time > days(90), or now < timestamp("…").
type elapsedTest struct {
	field    *facts.Field // nil of a constant instant
	instant  time.Time    // the constant
	operator operator
	span     time.Duration
}

// elapsed recognises such a comparison, whose left side less the right one changes
// with time by the slope; nil where it is another.
func (b *builder) elapsed(left, right ast.Expr, o operator, slope int) test {
	s := sum{builder: b}
	if !s.add(left, 1) || !s.add(right, -1) || s.instants != 1 || s.sign != -slope {
		return nil
	}
	t := &elapsedTest{field: s.field, instant: s.instant, operator: o, span: -s.span}
	if slope < 0 {
		t.operator, t.span = o.mirrored(), s.span
	}
	return t
}

// sum is of now, one instant and one span, each added or taken away.
type sum struct {
	builder  *builder
	instants int
	sign     int // of the instant
	field    *facts.Field
	instant  time.Time
	spans    int
	span     time.Duration
}

func (s *sum) add(e ast.Expr, sign int) bool {
	if e.Kind() == ast.IdentKind && e.AsIdent() == nowName {
		return true
	}
	if field := s.builder.field(e); field != nil && field.Type == facts.Timestamp {
		s.instants, s.sign, s.field = s.instants+1, sign, field
		return true
	}
	if value, ok := s.builder.constantOf(e); ok {
		switch v := value.(type) {
		case types.Timestamp:
			s.instants, s.sign, s.instant = s.instants+1, sign, v.Time
			return true
		case types.Duration:
			s.spans++
			s.span = time.Duration(sign) * v.Duration
			return s.spans == 1 && v.Duration != math.MinInt64
		}
		return false
	}
	if e.Kind() != ast.CallKind {
		return false
	}
	switch args := e.AsCall().Args(); e.AsCall().FunctionName() {
	case operators.Add:
		return s.add(args[0], sign) && s.add(args[1], sign)
	case operators.Subtract:
		return s.add(args[0], sign) && s.add(args[1], -sign)
	}
	return false
}

func (t *elapsedTest) since(f *facts.Facts) time.Time {
	if t.field == nil {
		return t.instant
	}
	return t.field.Time(f)
}

func (t *elapsedTest) holds(e *evaluation) (bool, error) {
	meet := t.since(e.facts).Add(t.span) // when as much time as the span has passed
	holds := t.operator.ordered(e.at.Compare(meet))
	switch {
	case meet.After(e.at) && t.operator.ordered(0) != holds:
		e.note(meet)
	case !meet.Before(e.at):
		e.note(meet.Add(1)) // the next instant
	}
	return holds, nil
}

func (t *elapsedTest) change(e *evaluation, holds bool) (en, zh string) {
	if t.field == nil {
		return subject{nowName, "当前时间"}.change(e.at.UTC().Format(time.RFC3339Nano), t.operator, t.instant.Add(t.span).UTC().Format(time.RFC3339Nano), holds)
	}
	if !t.field.Known(e.facts) {
		return t.field.Name + " is not known", t.field.LabelZh + "未知"
	}
	o := t.operator
	if holds {
		o = o.opposite()
	}
	passed := roughly(e.at.Sub(t.field.Time(e.facts)))
	return "the time since " + t.field.Name + " is " + spanEn(passed) + " and would have to be " + wordsEn[o] + spanEn(t.span),
		"距" + t.field.LabelZh + "的时间为 " + spanZh(passed) + "，需要" + wordsZh[o] + spanZh(t.span)
}

func (t *elapsedTest) measure(e *evaluation) (what, value string) {
	return nowName, e.at.UTC().Format(time.RFC3339Nano)
}
