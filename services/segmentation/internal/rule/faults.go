package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"

	"github.com/kehuhq/kehu/pkg/fault"
)

// field is the path of an expression in a segment.
const field = "rule.expression"

// maxProblem bounds the text about one mistake: some repeat the expression.
const maxProblem = 150

func refuse(reason, format string, args ...any) *fault.Fault {
	f := fault.Invalid(field, format, args...)
	f.Reason = reason
	return f
}

// refuseAt is refuse with the place of the mistake.
func refuseAt(reason string, at common.Location, format string, args ...any) *fault.Fault {
	problem := fmt.Sprintf(format, args...)
	f := refuse(reason, "line %d, column %d: %s", at.Line(), at.Column()+1, problem)
	return f.With("line", strconv.Itoa(at.Line())).With("column", strconv.Itoa(at.Column()+1))
}

// refuseIssues tells of the first mistake that CEL has found.
func refuseIssues(reason string, issues *cel.Issues) *fault.Fault {
	found := issues.Errors()
	if len(found) == 0 {
		return refuse(reason, "%v", issues.Err())
	}
	first := found[0]
	problem, _, _ := strings.Cut(first.Message, "\n")
	if len(problem) > maxProblem {
		problem = strings.ToValidUTF8(problem[:maxProblem], "") + "…"
	}
	if first.Location.Line() < 1 { // of the expression as a whole
		return refuse(reason, "%s", problem)
	}
	return refuseAt(reason, first.Location, "%s", problem)
}

// unknownFact says which fact an expression that does not check asks for in vain,
// nil where that is not what is wrong: CEL itself would only say that it does not
// know the group.
func unknownFact(parsed *ast.AST) (unknown *fault.Fault) {
	ast.PreOrderVisit(parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if unknown != nil || e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
			return
		}
		group := e.AsSelect().Operand().AsIdent()
		name := group + "." + e.AsSelect().FieldName()
		known := members(group)
		at := parsed.SourceInfo().GetStartLocation(e.AsSelect().Operand().ID()) // e itself is placed at its dot
		switch _, isFact := slots[name]; {
		case slices.Contains(withheld, name):
			unknown = refuseAt("RULE_FIELD_NOT_READABLE", at, "%s is about the person and cannot be used in rules", name).With("fact", name)
		case known == nil:
			// no group of facts: a variable of the expression's own
		case isFact && e.AsSelect().IsTestOnly():
			unknown = refuseAt("RULE_INVALID", at, "%s is always there: has() cannot be asked of it; see has_valuation", name)
		case !isFact:
			unknown = refuseAt("RULE_FACT_UNKNOWN", at, "there is no fact %s; %s has %s", name, group, strings.Join(known, ", ")).With("fact", name)
		}
	}))
	return unknown
}
