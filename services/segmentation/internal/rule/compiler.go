package rule

import (
	"fmt"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"github.com/kehuhq/kehu/pkg/fault"
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

const (
	revenueFunction      = "revenue"
	revenueMinorFunction = "revenue_minor"
)

// Compiler compiles expressions. It is safe for concurrent use.
type Compiler struct{ env *cel.Env }

// NewCompiler makes a compiler.
func NewCompiler() (*Compiler, error) {
	options := []cel.EnvOption{
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserExpressionSizeLimit(MaxBytes),
		cel.ParserErrorRecoveryLimit(0),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxPattern),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals()),
		cel.Function(revenueFunction, cel.Overload("revenue_string",
			[]*cel.Type{cel.StringType}, cel.DoubleType, cel.LateFunctionBinding())),
		cel.Function(revenueMinorFunction, cel.Overload("revenue_minor_string",
			[]*cel.Type{cel.StringType}, cel.IntType, cel.LateFunctionBinding())),
	}
	for _, f := range schema {
		options = append(options, cel.Variable(f.name, f.kind))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return &Compiler{env}, nil
}

// Rule is a compiled expression. It is safe for concurrent use.
type Rule struct {
	program         cel.Program
	readsValuations bool
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
		if f := unknownFact(parsed.NativeRep()); f != nil {
			return nil, f
		}
		return nil, refuseIssues("RULE_INVALID", issues)
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, refuse("RULE_NOT_BOOLEAN", "must be true or false of a customer, is of type %s", checked.OutputType())
	}
	if f := badArgument(checked.NativeRep()); f != nil {
		return nil, f
	}
	if err := c.checkCost(checked); err != nil {
		return nil, err
	}
	program, err := c.env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil { // of a literal that the optimiser evaluated already
		return nil, refuse("RULE_INVALID", "%v", err)
	}
	return &Rule{program, readsValuations(checked.NativeRep())}, nil
}

func readsValuations(a *ast.AST) bool {
	for _, reference := range a.ReferenceMap() {
		switch {
		case reference.Name != "" && readsValuation(reference.Name):
			return true
		case len(reference.OverloadIDs) == 1 && (reference.OverloadIDs[0] == "revenue_string" || reference.OverloadIDs[0] == "revenue_minor_string"):
			return true
		}
	}
	return false
}

// ReadsValuations tells whether the rule cannot be answered without valuations.
func (r *Rule) ReadsValuations() bool { return r.readsValuations }

// Holds tells whether the rule holds for the subject. An error is one of the
// expression, such as a division by zero: a FailedPrecondition fault
// RULE_EVALUATION_FAILED.
func (r *Rule) Holds(s *Subject) (bool, error) {
	out, _, err := r.program.Eval(s)
	if err != nil {
		return false, failed(err)
	}
	holds, ok := out.Value().(bool)
	if !ok {
		return false, failed(fmt.Errorf("the result is no boolean but %v", out.Type()))
	}
	return holds, nil
}

func failed(err error) *fault.Fault {
	return &fault.Fault{
		Kind: fault.FailedPrecondition, Reason: "RULE_EVALUATION_FAILED",
		Message:    fmt.Sprintf("%s: cannot be evaluated: %v", field, err),
		Violations: []fault.Violation{{Field: field, Description: fmt.Sprintf("cannot be evaluated: %v", err)}},
	}
}
