// Package condition compares values of customers and of what they did with what
// an analysis asks for: a field, an operator, some values. There is no language
// to parse and nothing that could cost more than its length.
package condition

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a value is.
type Kind uint8

// The kinds. A missing value is one that nobody knows.
const (
	Missing Kind = iota
	Text
	Number
	Truth
	List // of texts
)

// Value is a value of a field. The zero Value is missing.
type Value struct {
	Kind   Kind
	Text   string
	Number float64
	Truth  bool
	List   []string
}

// Of makes a text, which is missing where it is empty.
func Of(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{Kind: Text, Text: text}
}

// OfNumber makes a number.
func OfNumber(n float64) Value { return Value{Kind: Number, Number: n} }

// OfTruth makes a truth.
func OfTruth(b bool) Value { return Value{Kind: Truth, Truth: b} }

// OfList makes a list, which is missing where it is empty.
func OfList(texts []string) Value {
	if len(texts) == 0 {
		return Value{}
	}
	return Value{Kind: List, List: texts}
}

// Operator is how a value is compared.
type Operator uint8

// The operators. A missing value passes IsMissing, IsNot and NotIn and no other:
// whoever has no known city is not in Shenzhen, and not elsewhere either.
const (
	Is Operator = iota + 1
	IsNot
	In
	NotIn
	Below
	AtMost
	Above
	AtLeast
	Contains   // a text holds the text, or a list has the element
	BeginsWith // a text does
	IsKnown
	IsMissing
)

// Condition is one comparison.
type Condition struct {
	Field    string
	Operator Operator
	Values   []Value // one; several for In and NotIn; none for IsKnown and IsMissing
}

// Holds reports whether a value of the condition's field passes.
//
// Values of different kinds are not equal and have no order. Texts have the order
// of their bytes, so that dates such as 2026-03-01 compare as days. A list is
// equal to a value that is one of its elements.
func (c *Condition) Holds(v Value) bool {
	switch c.Operator {
	case IsKnown:
		return v.Kind != Missing
	case IsMissing:
		return v.Kind == Missing
	case Is, In:
		return slices.ContainsFunc(c.Values, func(want Value) bool { return equal(v, want) })
	case IsNot, NotIn:
		return !slices.ContainsFunc(c.Values, func(want Value) bool { return equal(v, want) })
	}
	if len(c.Values) == 0 {
		return false
	}
	want := c.Values[0]
	switch c.Operator {
	case Contains:
		return v.Kind == Text && want.Kind == Text && strings.Contains(v.Text, want.Text) ||
			v.Kind == List && equal(v, want)
	case BeginsWith:
		return v.Kind == Text && want.Kind == Text && strings.HasPrefix(v.Text, want.Text)
	}
	order, ok := compare(v, want)
	switch c.Operator {
	case Below:
		return ok && order < 0
	case AtMost:
		return ok && order <= 0
	case Above:
		return ok && order > 0
	case AtLeast:
		return ok && order >= 0
	}
	return false
}

func equal(v, want Value) bool {
	switch {
	case v.Kind == List && want.Kind == Text:
		return slices.Contains(v.List, want.Text)
	case v.Kind != want.Kind:
		return false
	case v.Kind == Text:
		return v.Text == want.Text
	case v.Kind == Number:
		return v.Number == want.Number
	case v.Kind == Truth:
		return v.Truth == want.Truth
	}
	return false
}

func compare(v, want Value) (order int, ok bool) {
	switch {
	case v.Kind == Number && want.Kind == Number:
		return cmp.Compare(v.Number, want.Number), true
	case v.Kind == Text && want.Kind == Text:
		return cmp.Compare(v.Text, want.Text), true
	}
	return 0, false
}

// String is the value as a label: numbers in the shortest form that tells them
// apart, truths as "true" and "false"; empty where it is missing or a list.
func (v Value) String() string {
	switch v.Kind {
	case Text:
		return v.Text
	case Number:
		return strconv.FormatFloat(v.Number, 'g', -1, 64)
	case Truth:
		return strconv.FormatBool(v.Truth)
	}
	return ""
}
