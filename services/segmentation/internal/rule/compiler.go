// Package rule compiles the CEL expressions that define segments, and evaluates
// them for customers. docs/facts.md is the facts for those who write rules.
package rule

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Bounds of an expression. Its cost is CEL's own measure: about one unit for an
// operation, more for long strings and lists. Some 20 million units are done in a
// second, so that the costliest rule takes half a millisecond a customer.
const (
	MaxBytes   = 8 << 10
	MaxCost    = 10_000
	maxDepth   = 100  // of parentheses and operators within one another
	maxNodes   = 5000 // after macros are expanded
	maxPattern = 500  // instructions of a regular expression's program
)

// Attribute is the definition of an attribute of the company's own.
type Attribute = facts.Attribute

// Compiler compiles expressions. It is safe for concurrent use.
type Compiler struct {
	env *cel.Env
	// slots are the facts that expressions can use, by their names.
	slots map[string]*facts.Field
	// withheld are attributes that are there and no facts, with why.
	withheld map[string]string
	pool     sync.Pool // of *evaluation
	// plain leaves every condition to CEL: what tests compare with.
	plain bool
}

// NewCompiler makes a compiler for expressions over all facts and the attributes.
// When a definition changes, another compiler is made.
func NewCompiler(attributes []Attribute) (*Compiler, error) {
	c := &Compiler{slots: make(map[string]*facts.Field, len(facts.Fields)+len(attributes)), withheld: map[string]string{}}
	for i := range facts.Fields {
		if f := &facts.Fields[i]; f.Type != facts.Amounts && f.Type != facts.Purchases {
			c.slots[f.Name] = f
		}
	}
	for _, a := range attributes {
		field := a.Field()
		switch a.Type {
		case facts.Bool, facts.Int, facts.Double, facts.Text, facts.Timestamp, facts.Calendar, facts.Texts:
			if !a.Sensitive {
				c.slots[field.Name] = &field
				continue
			}
			c.withheld[field.Name] = "needs the person's separate consent"
		default:
			c.withheld[field.Name] = "is of a type that rules cannot read"
		}
	}
	env, err := cel.NewEnv(append([]cel.EnvOption{
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserExpressionSizeLimit(MaxBytes),
		cel.ParserErrorRecoveryLimit(0),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxPattern),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.EnableMacroCallTracking(),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals()),
	}, c.declarations()...)...)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	c.env = env
	c.pool.New = func() any { return newEvaluation(c.slots) }
	return c, nil
}

// Compile compiles an expression. Its errors are InvalidArgument faults that name
// rule.expression and, in the metadata, line and column (from 1, in characters):
// RULE_TOO_LONG, RULE_SYNTAX_ERROR, RULE_FACT_UNKNOWN, RULE_FIELD_NOT_READABLE,
// RULE_INVALID (types and arguments), RULE_NOT_BOOLEAN, RULE_TOO_COSTLY.
func (c *Compiler) Compile(expression string) (*Rule, error) {
	switch {
	case len(expression) > MaxBytes:
		return nil, refuse("RULE_TOO_LONG", "must have at most %d bytes, has %d", MaxBytes, len(expression))
	case !utf8.ValidString(expression):
		return nil, refuse("RULE_SYNTAX_ERROR", "must be valid UTF-8")
	}
	parsed, issues := c.env.Parse(expression)
	if issues.Err() != nil {
		return nil, refuseIssues("RULE_SYNTAX_ERROR", issues)
	}
	checked, issues := c.env.Check(parsed)
	if issues.Err() != nil {
		if f := c.unknownFact(parsed.NativeRep()); f != nil {
			return nil, f
		}
		return nil, refuseIssues("RULE_INVALID", issues)
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, refuse("RULE_NOT_BOOLEAN", "must be true or false of a customer, is of type %s", checked.OutputType())
	}
	native := checked.NativeRep()
	if f := badArgument(native); f != nil {
		return nil, f
	}
	cost, err := c.checkCost(checked)
	if err != nil {
		return nil, err
	}
	b := &builder{compiler: c, ast: native, source: newSource(c.env, expression)}
	root, err := b.node(native.Expr())
	if err != nil {
		return nil, err
	}
	if f := misusedNow(native, b.tracked); f != nil {
		return nil, f
	}
	reads, segments := readsOf(native, native.Expr(), c.slots)
	return &Rule{compiler: c, root: root, reads: reads, segments: segments, cost: cost}, nil
}

// readsOf are the facts that an expression reads, and the segments it asks about.
func readsOf(checked *ast.AST, e ast.Expr, slots map[string]*facts.Field) (reads, segments []string) {
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			if field, ok := slots[e.AsIdent()]; ok {
				reads = append(reads, field.Reads()...)
			}
		case ast.CallKind:
			for _, overload := range checked.GetOverloadIDs(e.ID()) {
				if f, ok := functionsByOverload[overload]; ok {
					reads = append(reads, f.reads...)
				}
			}
			args := e.AsCall().Args()
			switch e.AsCall().FunctionName() {
			case knownFunction:
				reads = append(reads, slots[text(args[0].AsLiteral())].Reads()...)
			case inSegmentFunction:
				segments = append(segments, text(args[0].AsLiteral()))
			}
		}
	}))
	slices.Sort(reads)
	slices.Sort(segments)
	return slices.Compact(reads), slices.Compact(segments)
}
