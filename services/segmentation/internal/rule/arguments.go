package rule

import (
	"regexp"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

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
		if call.FunctionName() == daysFunction && call.Args()[0].Kind() == ast.LiteralKind {
			if outcome := days(call.Args()[0].AsLiteral()); types.IsError(outcome) {
				bad = refuseAt("RULE_INVALID", checked.SourceInfo().GetStartLocation(call.Args()[0].ID()), "%v", outcome)
				return
			}
		}
		index, check, what := literalOf(call)
		if check == nil {
			return
		}
		argument := call.Args()[index]
		at := checked.SourceInfo().GetStartLocation(argument.ID())
		if argument.Kind() != ast.LiteralKind {
			bad = refuseAt("RULE_INVALID", at, "%s needs %s as a literal", strings.TrimPrefix(call.FunctionName(), readingPrefix), what)
			return
		}
		if text, isText := argument.AsLiteral().Value().(string); isText && !check(text) {
			bad = refuseAt("RULE_INVALID", at, "%q is not %s", text, what)
		}
	}))
	return bad
}

// literalOf returns which argument of a call has to be what, nil where all are free.
func literalOf(call ast.CallExpr) (index int, check func(string) bool, what string) {
	last := len(call.Args()) - 1
	if last < 0 {
		return 0, nil, ""
	}
	if isReading(call.FunctionName()) {
		return last, isZone, zoneWanted
	}
	switch call.FunctionName() {
	case revenueFunction, revenueMinorFunction, revenueWithinFunction:
		return 0, facts.IsCurrency, `an ISO 4217 code, e.g. "CNY"`
	case inSegmentFunction:
		return 0, segmentID.MatchString, `the id of a segment, e.g. "vip"`
	case dateFunction:
		return 0, isDate, `a date, e.g. "1990-05-17"`
	case "matches":
		return last, func(string) bool { return true }, "a regular expression" // CEL has checked it
	case daysSinceFunction, ageFunction, daysUntilFunction:
		if last == 1 {
			return 1, isZone, zoneWanted
		}
	}
	return 0, nil, ""
}

const zoneWanted = `an IANA time zone, e.g. "Asia/Shanghai"`

var segmentID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
