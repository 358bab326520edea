package rule

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// joint is how a node joins its children.
type joint string

const (
	leaf    joint = ""
	allOf   joint = "and"
	anyOf   joint = "or"
	notOf   joint = "not"
	whether joint = "if" // the first decides which of the other two is asked
)

// node is a part of a rule: conditions joined by the logical operators. Their
// conditions are evaluated one by one, so that it is known which of them decided.
type node struct {
	joint    joint
	children []*node
	text     string // as it was written
	reads    []string
	// Of a leaf: how to tell without CEL, nil where that is not known.
	test    test
	program cel.Program // otherwise
	watch   *comparison // what its function of time is compared with
}

// eval tells whether the node holds, as CEL does: an error is none where the answer
// does not depend on it.
func (n *node) eval(e *evaluation) (bool, error) {
	switch n.joint {
	case allOf, anyOf:
		decisive := n.joint == anyOf
		var failure error
		for _, child := range n.children {
			holds, err := child.eval(e)
			switch {
			case e.broken != nil:
				return false, e.broken
			case err != nil && failure == nil:
				failure = err
			case err == nil && holds == decisive:
				return decisive, nil
			}
		}
		return !decisive && failure == nil, failure
	case notOf:
		holds, err := n.children[0].eval(e)
		return !holds, err
	case whether:
		holds, err := n.children[0].eval(e)
		if err != nil {
			return false, err
		}
		if holds {
			return n.children[1].eval(e)
		}
		return n.children[2].eval(e)
	}
	return n.ask(e)
}

// ask evaluates a leaf.
func (n *node) ask(e *evaluation) (bool, error) {
	if n.test != nil {
		return n.test.holds(e)
	}
	e.watch = n.watch
	out, _, err := n.program.Eval(e)
	e.watch = nil
	if err != nil {
		return false, err
	}
	holds, ok := out.(types.Bool)
	if !ok {
		return false, fmt.Errorf("the result is no boolean but %v", out.Type())
	}
	return bool(holds), nil
}

// builder makes the nodes of a rule from its checked expression.
type builder struct {
	compiler *Compiler
	ast      *ast.AST
	source   *source
	// tracked are the places of the present time in comparisons that tell when they change.
	tracked map[int64]bool
}

func (b *builder) node(e ast.Expr) (*node, error) {
	if e.Kind() == ast.CallKind {
		call := e.AsCall()
		switch call.FunctionName() {
		case operators.LogicalAnd:
			return b.joined(allOf, e, operands(e, operators.LogicalAnd, nil))
		case operators.LogicalOr:
			return b.joined(anyOf, e, operands(e, operators.LogicalOr, nil))
		case operators.LogicalNot:
			return b.joined(notOf, e, call.Args())
		case operators.Conditional:
			return b.joined(whether, e, call.Args())
		}
	}
	return b.leaf(e)
}

// operands are those of an operator and of the same operator within, in order.
func operands(e ast.Expr, operator string, into []ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operator {
		for _, arg := range e.AsCall().Args() {
			into = operands(arg, operator, into)
		}
		return into
	}
	return append(into, e)
}

func (b *builder) joined(by joint, e ast.Expr, of []ast.Expr) (*node, error) {
	n := &node{joint: by, text: b.source.whole(b.ast, e)}
	for _, operand := range of {
		child, err := b.node(operand)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, child)
	}
	return n, nil
}

func (b *builder) leaf(e ast.Expr) (*node, error) {
	n := &node{text: b.source.text(b.ast, e)}
	n.reads, _ = readsOf(b.ast, e, b.compiler.slots)
	test, err := b.nowTest(e)
	if err != nil {
		return nil, err
	}
	if test == nil && !b.compiler.plain {
		test = b.test(e)
	}
	if test != nil {
		n.test = test
		return n, nil
	}
	n.watch = b.watched(e)
	n.program, err = b.program(e)
	return n, err
}

// program plans a part of the expression by itself.
func (b *builder) program(e ast.Expr) (cel.Program, error) {
	part := ast.NewCheckedAST(ast.NewAST(e, b.ast.SourceInfo()), b.ast.TypeMap(), b.ast.ReferenceMap())
	program, err := b.compiler.env.PlanProgram(part, cel.EvalOptions(cel.OptOptimize))
	if err != nil { // of a literal that the optimiser evaluated already
		return nil, refuse("RULE_INVALID", "%v", err)
	}
	return program, nil
}
