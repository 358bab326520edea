package rule

import (
	"math"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// test recognises a condition of a common shape, nil where it is of none.
func (b *builder) test(e ast.Expr) test {
	if field := b.field(e); field != nil && field.Type == facts.Bool {
		return &flagTest{about(field), field}
	}
	if e.Kind() != ast.CallKind {
		return nil
	}
	call := e.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case knownFunction:
		field := b.compiler.slots[text(args[0].AsLiteral())]
		return &knownTest{about(field), field}
	case inSegmentFunction:
		return &segmentTest{text(args[0].AsLiteral())}
	case withinFunction:
		field := b.field(args[0])
		span, ok := b.span(args[1])
		if field == nil || !ok {
			return nil
		}
		return &withinTest{about(field), field, span}
	case operators.In:
		return b.listed(args[0], args[1])
	}
	o, ok := comparisons[call.FunctionName()]
	if !ok {
		return nil
	}
	if than, ok := b.constantOf(args[1]); ok {
		return b.compared(args[0], o, than)
	}
	if than, ok := b.constantOf(args[0]); ok {
		return b.compared(args[1], o.mirrored(), than)
	}
	return nil
}

// field is the fact that an expression names, nil where it is something else.
func (b *builder) field(e ast.Expr) *facts.Field {
	if e.Kind() != ast.IdentKind {
		return nil
	}
	return b.compiler.slots[e.AsIdent()]
}

func about(f *facts.Field) subject { return subject{f.Name, f.LabelZh} }

func (b *builder) span(e ast.Expr) (time.Duration, bool) {
	value, ok := b.constantOf(e)
	if !ok {
		return 0, false
	}
	span, ok := value.(types.Duration)
	return span.Duration, ok
}

// listed is `fact in ["a", "b"]` or `"a" in fact`.
func (b *builder) listed(element, list ast.Expr) test {
	if field := b.field(list); field != nil && field.Type == facts.Texts {
		if element.Kind() == ast.LiteralKind {
			if s, ok := element.AsLiteral().(types.String); ok {
				return &containsTest{about(field), field, string(s)}
			}
		}
		return nil
	}
	field := b.field(element)
	if field == nil || field.Type != facts.Text || list.Kind() != ast.ListKind {
		return nil
	}
	var texts []string
	for _, item := range list.AsList().Elements() {
		if item.Kind() != ast.LiteralKind {
			return nil
		}
		s, ok := item.AsLiteral().(types.String)
		if !ok {
			return nil
		}
		texts = append(texts, string(s))
	}
	return &amongTest{about(field), field, ordered(texts)}
}

// compared is something of the customer's against a constant.
func (b *builder) compared(e ast.Expr, o operator, than ref.Val) test {
	if field := b.field(e); field != nil {
		return comparedField(field, o, than)
	}
	if e.Kind() != ast.CallKind {
		return nil
	}
	args := e.AsCall().Args()
	switch function := e.AsCall().FunctionName(); function {
	case revenueFunction:
		if number, ok := exact(than); ok {
			currency := text(args[0].AsLiteral())
			return &doubleTest{subject{b.source.text(b.ast, e), currency + " 销售收入"}, nil, currency, o, number}
		}
	case revenueMinorFunction:
		if n, ok := than.(types.Int); ok {
			currency := text(args[0].AsLiteral())
			return &intTest{subject{b.source.text(b.ast, e), currency + " 销售收入（最小单位）"}, nil, currency, comparison{o, int64(n)}}
		}
	case ordersWithinFunction:
		n, whole := than.(types.Int)
		if span, ok := b.span(args[0]); ok && whole {
			return &ordersTest{subject{b.source.text(b.ast, e), "近 " + spanZh(span) + "订单数"}, span, comparison{o, int64(n)}}
		}
	case revenueWithinFunction:
		number, isNumber := exact(than)
		if span, ok := b.span(args[1]); ok && isNumber {
			currency := text(args[0].AsLiteral())
			return &revenueTest{subject{b.source.text(b.ast, e), "近 " + spanZh(span) + " " + currency + " 销售收入"}, span, currency, o, number}
		}
	case daysSinceFunction, ageFunction, daysUntilFunction:
		return b.comparedGauge(e, function, o, than)
	}
	return nil
}

func comparedField(field *facts.Field, o operator, than ref.Val) test {
	switch v := than.(type) {
	case types.Int:
		if field.Type == facts.Int {
			return &intTest{about(field), field, "", comparison{o, int64(v)}}
		}
	case types.String:
		if field.Type == facts.Text {
			return &textTest{about(field), field, o, string(v)}
		}
	case types.Timestamp:
		if field.Type == facts.Timestamp {
			return &timeTest{about(field), field, o, v.Time}
		}
	case date:
		if field.Type == facts.Calendar {
			return &dateTest{about(field), field, o, facts.Date(v)}
		}
	}
	if number, ok := exact(than); ok && field.Type == facts.Double {
		return &doubleTest{about(field), field, "", o, number}
	}
	return nil
}

// exact is a constant as a double, false where that is none or not the same number.
func exact(v ref.Val) (float64, bool) {
	switch v := v.(type) {
	case types.Double:
		return float64(v), !math.IsNaN(float64(v))
	case types.Int:
		const most = 1 << 53
		return float64(v), v >= -most && v <= most
	}
	return 0, false
}

func (b *builder) comparedGauge(e ast.Expr, function string, o operator, than ref.Val) test {
	n, ok := than.(types.Int)
	args := e.AsCall().Args()
	field := b.field(args[0])
	if !ok || field == nil {
		return nil
	}
	t := &gaugeTest{function: function, field: field, than: comparison{o, int64(n)}}
	t.subject.en = b.source.text(b.ast, e)
	switch {
	case function == ageFunction:
		t.zh = "年龄"
	case function == daysUntilFunction:
		t.zh = "距下次" + field.LabelZh + "周年的天数"
	default:
		t.zh = "距" + field.LabelZh + "的天数"
	}
	if len(args) == 2 {
		t.zone, _ = zoneOf(text(args[1].AsLiteral()))
	} else if field.Type == facts.Calendar {
		t.zone = time.UTC
	}
	return t
}

// watched is what a condition that CEL tells compares its one function of time
// with, nil where it is of no such shape.
func (b *builder) watched(e ast.Expr) *comparison {
	if e.Kind() != ast.CallKind || len(timeCalls(e)) != 1 {
		return nil
	}
	o, ok := comparisons[e.AsCall().FunctionName()]
	if !ok {
		return nil
	}
	for i, arg := range e.AsCall().Args() {
		if arg.Kind() != ast.CallKind || timeCalls(e)[0] != arg.ID() {
			continue
		}
		switch arg.AsCall().FunctionName() {
		case daysSinceFunction, ageFunction, daysUntilFunction, ordersWithinFunction:
		default:
			return nil
		}
		if i == 1 {
			o = o.mirrored()
		}
		than, ok := b.constantOf(e.AsCall().Args()[1-i])
		if n, whole := than.(types.Int); ok && whole {
			return &comparison{o, int64(n)}
		}
	}
	return nil
}

// timeCalls are the places of functions that time changes.
func timeCalls(e ast.Expr) (ids []int64) {
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		switch e.AsCall().FunctionName() {
		case daysSinceFunction, ageFunction, daysUntilFunction, withinFunction, ordersWithinFunction, revenueWithinFunction:
			ids = append(ids, e.ID())
		}
	}))
	return ids
}

// constantOf evaluates an expression without facts, false where it has any or fails.
func (b *builder) constantOf(e ast.Expr) (ref.Val, bool) {
	if e.Kind() == ast.LiteralKind {
		return e.AsLiteral(), true
	}
	if e.Kind() != ast.CallKind {
		return nil, false
	}
	switch e.AsCall().FunctionName() {
	case "duration", "timestamp", daysFunction, dateFunction, operators.Negate:
	default:
		return nil, false
	}
	for _, arg := range e.AsCall().Args() {
		if arg.Kind() != ast.LiteralKind {
			return nil, false
		}
	}
	program, err := b.program(e)
	if err != nil {
		return nil, false
	}
	value, _, err := program.Eval(cel.NoVars())
	return value, err == nil
}
