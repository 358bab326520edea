package activity

import (
	"context"
	"slices"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/condition"
	"github.com/kehuhq/kehu/services/profile/internal/events"
)

// Selector selects some of the steps.
type Selector struct {
	kind, name string
	tests      []test
}

type test struct {
	field Field
	condition.Condition
}

// NewSelector reads a selector that stands in a field of the request. A nil one
// selects every event, and no order.
func NewSelector(at string, s *profilev1.EventSelector, zone *time.Location) (*Selector, error) {
	if t := s.GetType(); t != "" && t != Ordered && (!slices.Contains(events.Types, events.Type(t)) || !events.Type(t).Deed()) {
		f := fault.Invalid(at+".type", "must be empty, \"order\" or a type of event such as \"page\", is %q", t)
		f.Reason = "EVENT_TYPE_UNKNOWN"
		return nil, f
	}
	if s.GetType() == Ordered && s.GetName() != "" {
		return nil, fault.Invalid(at+".name", "must be empty for orders, which have no name")
	}
	conditions, err := condition.Read(at+".conditions", s.GetConditions())
	if err != nil {
		return nil, err
	}
	selector := &Selector{kind: s.GetType(), name: s.GetName()}
	for i, c := range conditions {
		field, err := NewField(condition.Path(at+".conditions", i)+".field", c.Field, zone)
		if err != nil {
			return nil, err
		}
		selector.tests = append(selector.tests, test{field, c})
	}
	return selector, nil
}

// Orders is the selector of all orders.
func Orders() *Selector { return &Selector{kind: Ordered} }

// Needs are what has to be read for the selector.
func (s *Selector) Needs() Needs {
	if s.kind == Ordered {
		return Needs{Orders: true}
	}
	n := Needs{Events: true}
	for i := range s.tests {
		n.Contents = n.Contents || s.tests[i].field.Contents()
	}
	return n
}

// Selects reports whether a step is one of those.
func (s *Selector) Selects(ctx context.Context, step *Step) (bool, error) {
	if s.kind == "" && step.Type == Ordered || s.kind != "" && s.kind != step.Type || s.name != "" && s.name != step.Name {
		return false, nil
	}
	for i := range s.tests {
		value, err := s.tests[i].field.Of(ctx, step)
		if err != nil || !s.tests[i].Holds(value) {
			return false, err
		}
	}
	return true, nil
}
