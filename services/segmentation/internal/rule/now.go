package rule

import (
	"math"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/kehuhq/kehu/pkg/fault"
)

// nowTest compares something that grows or shrinks as fast as time passes, such as
// now - orders.last_time, with something that stands still. So the instant at which
// the two are equal is as far away as they are from each other.
type nowTest struct {
	left, right cel.Program
	operator    operator
	// grows tells that the left side less the right one grows with time; it shrinks otherwise.
	grows bool
}

// nowTest recognises such a comparison, nil where the expression is none.
func (b *builder) nowTest(e ast.Expr) (test, error) {
	if e.Kind() != ast.CallKind {
		return nil, nil
	}
	call := e.AsCall()
	o, ok := comparisons[call.FunctionName()]
	if !ok || o == equal || o == unequal {
		return nil, nil
	}
	left, right := call.Args()[0], call.Args()[1]
	var found []int64
	slope := nowSlope(left, &found) - nowSlope(right, &found)
	if len(found) != 1 || slope != 1 && slope != -1 || countNow(e) != 1 {
		return nil, nil
	}
	if b.tracked == nil {
		b.tracked = map[int64]bool{}
	}
	b.tracked[found[0]] = true
	if t := b.elapsed(left, right, o, slope); t != nil && !b.compiler.plain {
		return t, nil
	}
	t := &nowTest{operator: o, grows: slope > 0}
	var err error
	if t.left, err = b.program(left); err != nil {
		return nil, err
	}
	t.right, err = b.program(right)
	return t, err
}

// nowSlope is how an expression changes with time: 1 where it grows as fast, -1 where
// it shrinks, 0 where the present time is not in it as a summand.
func nowSlope(e ast.Expr, found *[]int64) int {
	switch e.Kind() {
	case ast.IdentKind:
		if e.AsIdent() == nowName {
			*found = append(*found, e.ID())
			return 1
		}
	case ast.CallKind:
		switch args := e.AsCall().Args(); e.AsCall().FunctionName() {
		case operators.Add:
			return nowSlope(args[0], found) + nowSlope(args[1], found)
		case operators.Subtract:
			return nowSlope(args[0], found) - nowSlope(args[1], found)
		}
	}
	return 0
}

func countNow(e ast.Expr) (n int) {
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind && e.AsIdent() == nowName {
			n++
		}
	}))
	return n
}

// misusedNow refuses the present time where it cannot be told when the answer changes.
func misusedNow(checked *ast.AST, tracked map[int64]bool) (misused *fault.Fault) {
	ast.PreOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if misused != nil || e.Kind() != ast.IdentKind || e.AsIdent() != nowName || tracked[e.ID()] {
			return
		}
		if reference := checked.ReferenceMap()[e.ID()]; reference == nil || reference.Name != nowName {
			return
		}
		misused = refuseAt("RULE_INVALID", checked.SourceInfo().GetStartLocation(e.ID()),
			"now can only be compared by <, <=, > or >=, as in now - orders.last_time > days(90): elsewhere it cannot be told when the answer changes")
	}))
	return misused
}

func (t *nowTest) holds(e *evaluation) (bool, error) {
	apart, err := t.apart(e)
	if err != nil {
		return false, err
	}
	holds := t.operator.ordered(sign(apart))
	toMeet := apart // from now until both sides are equal
	if t.grows {
		toMeet = -apart
	}
	switch {
	case toMeet > 0 && t.operator.ordered(0) != holds:
		e.note(e.at.Add(toMeet))
	case toMeet == math.MaxInt64: // further away than a duration can say
		e.note(e.at.Add(toMeet))
	case toMeet >= 0:
		e.note(e.at.Add(toMeet + 1)) // the next instant
	}
	return holds, nil
}

func sign(d time.Duration) int {
	switch {
	case d < 0:
		return -1
	case d > 0:
		return 1
	}
	return 0
}

// apart is the left side less the right one.
func (t *nowTest) apart(e *evaluation) (time.Duration, error) {
	left, _, err := t.left.Eval(e)
	if err != nil {
		return 0, err
	}
	right, _, err := t.right.Eval(e)
	if err != nil {
		return 0, err
	}
	switch l := left.(type) {
	case types.Timestamp:
		if r, ok := right.(types.Timestamp); ok {
			return max(l.Sub(r.Time), -math.MaxInt64), nil
		}
	case types.Duration:
		if r, ok := right.(types.Duration); ok {
			return max(saturating(l.Duration, r.Duration), -math.MaxInt64), nil
		}
	}
	return 0, types.MaybeNoSuchOverloadErr(right).(error)
}

// saturating is the difference of two durations, or the longest one where it is longer.
func saturating(a, b time.Duration) time.Duration {
	return time.Unix(0, int64(a)).Sub(time.Unix(0, int64(b)))
}

func (t *nowTest) change(*evaluation, bool) (string, string) { return "", "" }
