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
	"github.com/kehuhq/kehu/pkg/misspelt"
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

// withheldFields are what profile knows of a customer and rules must not use: it
// names a person, says who it is elsewhere, or is kept apart for being sensitive.
var withheldFields = []string{
	"customer.name", "customer.display_name", "customer.identifiers", "customer.email", "customer.phone", "customer.external_id",
	"customer.mobility", "customer.postal_addresses", "customer.asset_band", "customer.credit_grade",
	"customer.values", "customer.personality_traits", "customer.beliefs", "customer.preferred_payment_methods",
	"customer.social_accounts", "customer.payment_summaries", "customer.usage_summaries", "customer.owned_products",
}

// renamed are facts that one may look for under another name.
var renamed = map[string]string{
	"orders.recency_days":         "days_since(orders.last_time)",
	"customer.preferred_brands":   "customer.brands",
	"customer.preferred_channels": "customer.channels",
	"customer.attributes":         "attributes, e.g. attributes.tier",
	"customer.age":                "age(customer.birth_date)",
}

// unknownFact says which fact an expression that does not check asks for in vain,
// nil where that is not what is wrong: CEL itself would only say that it does not
// know the group.
func (c *Compiler) unknownFact(parsed *ast.AST) (unknown *fault.Fault) {
	ast.PreOrderVisit(parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if unknown != nil || e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
			return
		}
		group := e.AsSelect().Operand().AsIdent()
		name := group + "." + e.AsSelect().FieldName()
		at := parsed.SourceInfo().GetStartLocation(e.AsSelect().Operand().ID()) // e itself is placed at its dot
		unknown = c.whyUnknown(name, group, at)
	}))
	return unknown
}

func (c *Compiler) whyUnknown(name, group string, at common.Location) *fault.Fault {
	known := c.members(group)
	switch {
	case c.slots[name] != nil:
		return nil
	case slices.Contains(withheldFields, name):
		return refuseAt("RULE_FIELD_NOT_READABLE", at, "%s is about the person and cannot be used in rules", name).With("fact", name)
	case c.withheld[name] != "":
		return refuseAt("RULE_FIELD_NOT_READABLE", at, "%s %s", name, c.withheld[name]).With("fact", name)
	case group == "attributes" && known == nil:
		return refuseAt("RULE_FACT_UNKNOWN", at, "there is no fact %s: no attribute has been defined", name).With("fact", name)
	case known == nil: // no group of facts: a variable of the expression's own
		return nil
	case renamed[name] != "":
		return refuseAt("RULE_FACT_UNKNOWN", at, "there is no fact %s: see %s", name, renamed[name]).With("fact", name)
	}
	if near := nearest(name, known); near != "" {
		return refuseAt("RULE_FACT_UNKNOWN", at, "there is no fact %s; did you mean %s?", name, near).With("fact", name)
	}
	more := ""
	if len(known) > maxListed {
		known, more = known[:maxListed], ", …"
	}
	return refuseAt("RULE_FACT_UNKNOWN", at, "there is no fact %s; %s has %s%s", name, group, strings.Join(known, ", "), more).With("fact", name)
}

// members lists the facts of a group in order, nil where there is no such group.
func (c *Compiler) members(group string) []string {
	var names []string
	for name := range c.slots {
		if strings.HasPrefix(name, group+".") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// nearest is the known name that is most like one, empty where none is like it.
func nearest(name string, known []string) (near string) {
	least := 4 // letters apart are too many
	for _, k := range known {
		if d := misspelt.Distance(name, k); d < least {
			near, least = k, d
		}
	}
	return near
}
