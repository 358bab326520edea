package rule

import (
	"regexp"
	"time"

	"cel.dev/cel-go/common/ast"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// badArgument reports arguments that would fail, or never match, for every
// customer: they have to be literals, so that it shows when the rule is written.
func badArgument(checked *ast.AST) (bad *fault.Fault) {
	ast.PreOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if bad != nil || e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		check, what := literalOf(call)
		if check == nil {
			return
		}
		argument := call.Args()[len(call.Args())-1]
		at := checked.SourceInfo().GetStartLocation(argument.ID())
		if argument.Kind() != ast.LiteralKind {
			bad = refuseAt("RULE_INVALID", at, "%s needs %s as a literal", call.FunctionName(), what)
			return
		}
		if text, isText := argument.AsLiteral().Value().(string); isText && !check(text) {
			bad = refuseAt("RULE_INVALID", at, "%q is not %s", text, what)
		}
	}))
	return bad
}

// literalOf returns what the last argument of a call has to be, nil where that is free.
func literalOf(call ast.CallExpr) (check func(string) bool, what string) {
	if len(call.Args()) == 0 {
		return nil, ""
	}
	switch call.FunctionName() {
	case revenueFunction, revenueMinorFunction:
		return facts.IsCurrency, `an ISO 4217 code, e.g. "CNY"`
	case "matches":
		return func(string) bool { return true }, "a regular expression" // CEL has checked it
	case "getFullYear", "getMonth", "getDayOfMonth", "getDate", "getDayOfWeek", "getDayOfYear",
		"getHours", "getMinutes", "getSeconds", "getMilliseconds":
		return isZone, `an IANA time zone, e.g. "Asia/Shanghai"`
	}
	return nil, ""
}

var offset = regexp.MustCompile(`^[+-]?[01]\d:[0-5]\d$`)

func isZone(name string) bool {
	if offset.MatchString(name) {
		return true
	}
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}
