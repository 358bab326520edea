package rule

import (
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Subject is the customer whom rules are asked about, as CEL sees it. One is made
// for a whole pass and Set for each customer in turn, so that nothing but the
// values which rules look at is allocated, and each of those once, however many
// rules there are. It is not safe for concurrent use.
type Subject struct {
	facts        *facts.Facts
	values       []ref.Val // by slot, nil until it is first asked for
	revenue      functions.LateBoundOp
	revenueMinor functions.LateBoundOp
}

var _ interpreter.FunctionActivation = (*Subject)(nil)

// NewSubject makes a Subject without a customer: call Set first.
func NewSubject() *Subject {
	s := &Subject{values: make([]ref.Val, len(schema))}
	s.revenue = func(_ string, args ...ref.Val) ref.Val { return types.Double(s.amount(args[0]).Major()) }
	s.revenueMinor = func(_ string, args ...ref.Val) ref.Val { return types.Int(s.amount(args[0]).Minor) }
	return s
}

// Set makes the subject another customer. The facts must not change until the next Set.
func (s *Subject) Set(f *facts.Facts) {
	s.facts = f
	clear(s.values)
}

// amount is the revenue in a currency, zero where there is none.
func (s *Subject) amount(currency ref.Val) facts.Money {
	code, _ := currency.(types.String)
	for _, m := range s.facts.Revenue {
		if m.Currency == string(code) {
			return m
		}
	}
	return facts.Money{Currency: string(code)}
}

// ResolveName returns the value of a fact.
func (s *Subject) ResolveName(name string) (any, bool) {
	slot, ok := slots[name]
	if !ok {
		return nil, false
	}
	if s.values[slot] == nil {
		s.values[slot] = schema[slot].value(s.facts)
	}
	return s.values[slot], true
}

// ResolveFunction returns the functions that depend on the customer.
func (s *Subject) ResolveFunction(name string) (functions.LateBoundOp, bool) {
	switch name {
	case revenueFunction:
		return s.revenue, true
	case revenueMinorFunction:
		return s.revenueMinor, true
	}
	return nil, false
}

// Parent is nil: there are no other names.
func (s *Subject) Parent() interpreter.Activation { return nil }
