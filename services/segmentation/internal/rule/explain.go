package rule

import (
	"fmt"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// answer is what a part of a rule comes to.
type answer uint8

const (
	no answer = iota
	yes
	unclear // it failed
)

func answerOf(holds bool, err error) answer {
	switch {
	case err != nil:
		return unclear
	case holds:
		return yes
	}
	return no
}

// explainer holds what the conditions of a rule come to for a case.
type explainer struct {
	evaluation *evaluation
	answers    map[*node]answer // of leaves
	failures   map[*node]string
	changes    map[*node]time.Time
	asked      map[*node]bool
}

// Explain tells why the rule holds for a case or does not: each condition is asked
// by itself, those too that the answer did not need.
func (r *Rule) Explain(c *criterion.Case) criterion.Explanation {
	x := &explainer{
		evaluation: newEvaluation(r.compiler.slots),
		answers:    map[*node]answer{}, failures: map[*node]string{}, changes: map[*node]time.Time{}, asked: map[*node]bool{},
	}
	x.ask(r.root, c)
	whole := x.walk(r.root)
	explained := criterion.Explanation{Belongs: whole == yes, Conditions: x.condition(r.root, r.root, whole)}
	if whole == unclear {
		explained.Failure = explained.Conditions.Failure
	}
	return explained
}

// ask asks every condition.
func (x *explainer) ask(n *node, c *criterion.Case) {
	for _, child := range n.children {
		x.ask(child, c)
	}
	if n.joint != leaf {
		return
	}
	x.evaluation.set(c)
	holds, err := n.ask(x.evaluation)
	x.answers[n] = answerOf(holds, err)
	x.changes[n] = x.evaluation.changes()
	if err != nil {
		x.failures[n] = fmt.Sprintf("cannot be evaluated: %v", err)
	}
}

// walk goes as an evaluation does, and marks what it asks.
func (x *explainer) walk(n *node) answer {
	x.asked[n] = true
	switch n.joint {
	case allOf, anyOf:
		decisive, whole := answerOf(n.joint == anyOf, nil), answerOf(n.joint == allOf, nil)
		for _, child := range n.children {
			switch x.walk(child) {
			case decisive:
				return decisive
			case unclear:
				whole = unclear
			}
		}
		return whole
	case notOf:
		return x.walk(n.children[0]).negated()
	case whether:
		switch x.walk(n.children[0]) {
		case yes:
			return x.walk(n.children[1])
		case no:
			return x.walk(n.children[2])
		}
		return unclear
	}
	return x.answers[n]
}

func (a answer) negated() answer { return [...]answer{no: yes, yes: no, unclear: unclear}[a] }

// combine is what a node comes to if one within it came to something given.
func (x *explainer) combine(n, given *node, as answer) answer {
	if n == given {
		return as
	}
	switch n.joint {
	case allOf, anyOf:
		decisive, whole := answerOf(n.joint == anyOf, nil), answerOf(n.joint == allOf, nil)
		for _, child := range n.children {
			switch x.combine(child, given, as) {
			case decisive:
				return decisive
			case unclear:
				whole = unclear
			}
		}
		return whole
	case notOf:
		return x.combine(n.children[0], given, as).negated()
	case whether:
		switch x.combine(n.children[0], given, as) {
		case yes:
			return x.combine(n.children[1], given, as)
		case no:
			return x.combine(n.children[2], given, as)
		}
		return unclear
	}
	return x.answers[n]
}

// decides tells whether the whole would be another if a node were.
func (x *explainer) decides(root, n *node, is, whole answer) bool {
	if is == unclear {
		return x.combine(root, n, yes) != whole || x.combine(root, n, no) != whole
	}
	return x.combine(root, n, is.negated()) != whole
}

// condition describes a node within the root.
func (x *explainer) condition(n, root *node, whole answer) criterion.Condition {
	is := x.combine(n, nil, no)
	told := criterion.Condition{
		Text: n.text, Operator: string(n.joint), Holds: is == yes,
		Decided: x.decides(root, n, is, whole), Skipped: !x.asked[n], Failure: x.failures[n],
	}
	for _, child := range n.children {
		below := x.condition(child, root, whole)
		if is == unclear && told.Failure == "" {
			told.Failure = below.Failure
		}
		told.Children = append(told.Children, below)
	}
	if n.joint == leaf {
		x.leaf(n, is, &told)
	}
	return told
}

// leaf adds what is known of a condition without children.
func (x *explainer) leaf(n *node, is answer, told *criterion.Condition) {
	e := x.evaluation
	for _, name := range n.reads {
		told.Values = append(told.Values, criterion.Value{Fact: name, Text: x.format(name)})
	}
	if measured, ok := n.test.(interface {
		measure(*evaluation) (what, value string)
	}); ok && is != unclear {
		if what, value := measured.measure(e); what != "" {
			told.Values = append(told.Values, criterion.Value{Fact: what, Text: value})
		}
	}
	told.At = x.changes[n]
	if n.test != nil && is != unclear {
		told.Change, told.ChangeZh = n.test.change(e, is == yes)
	}
	if !told.At.IsZero() {
		when := told.At.Format(time.RFC3339Nano)
		told.Change = sentence(told.Change, "; ", "it changes by itself at "+when)
		told.ChangeZh = sentence(told.ChangeZh, "；", "将于 "+when+" 自动变化")
	}
}

func sentence(first, joined, second string) string {
	if first == "" {
		return second
	}
	return first + joined + second
}

// format is a fact of the case as people read it.
func (x *explainer) format(name string) string {
	if field, ok := x.evaluation.slots[name]; ok {
		return field.Format(x.evaluation.facts)
	}
	if field, ok := facts.Lookup(name); ok {
		return field.Format(x.evaluation.facts)
	}
	return ""
}

func (t *gaugeTest) measure(e *evaluation) (what, value string) {
	g := t.gauge(e.facts)
	if g.kind == constant { // of what is not known
		return "", ""
	}
	return t.en, formatInt(g.value(e.at))
}

func (t *ordersTest) measure(e *evaluation) (what, value string) {
	w := window{orders: e.facts.Orders.Recent, span: t.span}
	w.open(e.at)
	return t.en, formatInt(w.count)
}

func (t *revenueTest) measure(e *evaluation) (what, value string) {
	w := window{orders: e.facts.Orders.Recent, span: t.span, currency: t.currency}
	w.open(e.at)
	return t.en, formatAmount(w.revenue(), t.currency)
}

func (t *nowTest) measure(e *evaluation) (what, value string) {
	return nowName, e.at.UTC().Format(time.RFC3339Nano)
}
