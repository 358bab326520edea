package partition

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
)

// Rest is the label of those for whom no rule holds.
const Rest = "rest"

// Rule gives a label to those for whom its expression holds and no earlier one does.
type Rule struct {
	Label      Label  `bson:"label"`
	Expression string `bson:"expression"`
}

// inRule says in which rule a fault of its compilation is.
func inRule(i int, err error) error {
	f, is := fault.As(err)
	if !is {
		return err
	}
	named := *f
	field := fmt.Sprintf("method.rules.rules[%d].expression", i)
	named.Violations = []fault.Violation{{Field: field, Description: f.Message}}
	named.Message = fmt.Sprintf("rule %d: %s", i+1, f.Message)
	return &named
}

func (s *Spec) checkRules(compile Compile) error {
	seen := map[string]bool{Rest: true, Unknown: true}
	for i, r := range s.Rules {
		if seen[r.Label.ID] {
			return fault.Invalid(fmt.Sprintf("method.rules.rules[%d].label", i), "must be another label: %q is taken", r.Label.ID)
		}
		seen[r.Label.ID] = true
	}
	for i, r := range s.Rules {
		c, err := compile(r.Expression)
		if err != nil {
			return inRule(i, err)
		}
		if len(c.Segments()) > 0 {
			f := fault.Invalid(fmt.Sprintf("method.rules.rules[%d].expression", i), "must not ask about other segments (%s): a run divides by facts alone", strings.Join(c.Segments(), ", "))
			f.Reason = "SCHEME_ASKS_SEGMENTS"
			return f
		}
	}
	return nil
}

// fixedRules is the model of rules, which stand still by themselves.
func (s *Spec) fixedRules() *Fitted {
	m := &Model{Rules: s.Rules}
	for _, r := range s.Rules {
		m.Labels = append(m.Labels, r.Label)
	}
	rest := s.Rest
	rest.ID = Rest
	if rest.En == "" {
		rest.En = "rest"
	}
	if rest.Zh == "" {
		rest.Zh = "其余"
	}
	m.Labels = append(m.Labels, rest, unknownLabel())
	return &Fitted{Model: m}
}

// first is the first rule that holds.
func (o *Opened) first(c *criterion.Case) (label int, until time.Time, err error) {
	for i, r := range o.rules {
		v, err := r.Evaluate(c)
		if err != nil {
			return len(o.rules) + 1, until, err
		}
		until = sooner(until, v.Until)
		if v.Belongs {
			return i, until, nil
		}
	}
	return len(o.rules), until, nil
}

// explainRule is that no earlier rule holds, and this one does.
func (o *Opened) explainRule(c *criterion.Case, label int) criterion.Explanation {
	if label > len(o.rules) {
		return criterion.Explanation{Conditions: criterion.Condition{Text: "a rule cannot be told of the customer", Decided: true}}
	}
	whole := criterion.Condition{Operator: "and", Holds: true}
	for i, r := range o.rules[:min(label+1, len(o.rules))] {
		e := r.Explain(c)
		if e.Failure != "" {
			return criterion.Explanation{Failure: e.Failure, Conditions: e.Conditions}
		}
		if i == label {
			whole.Holds = whole.Holds && e.Belongs
			whole.Children = append(whole.Children, e.Conditions)
			break
		}
		whole.Holds = whole.Holds && !e.Belongs
		whole.Children = append(whole.Children, criterion.Condition{
			Text: "not " + o.Model.Rules[i].Label.ID, Operator: "not", Holds: !e.Belongs, Children: []criterion.Condition{e.Conditions},
		})
	}
	return criterion.Explanation{Belongs: whole.Holds, Conditions: whole}
}

// rulesRead are the facts and the segments that any rule asks about.
func (o *Opened) rulesRead() (facts, segments []string) {
	for _, r := range o.rules {
		facts = append(facts, r.Reads()...)
		segments = append(segments, r.Segments()...)
	}
	slices.Sort(facts)
	slices.Sort(segments)
	return slices.Compact(facts), slices.Compact(segments)
}
