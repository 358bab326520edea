package rule

import (
	"cmp"

	"cel.dev/cel-go/common/operators"
)

// comparison is an operator with the whole number on its right.
type comparison struct {
	operator operator
	than     int64
}

type operator uint8

const (
	equal operator = iota
	unequal
	less
	atMost
	greater
	atLeast
)

var comparisons = map[string]operator{
	operators.Equals: equal, operators.NotEquals: unequal,
	operators.Less: less, operators.LessEquals: atMost,
	operators.Greater: greater, operators.GreaterEquals: atLeast,
}

// mirrored is the operator with its sides exchanged.
func (o operator) mirrored() operator {
	return [...]operator{equal: equal, unequal: unequal, less: greater, atMost: atLeast, greater: less, atLeast: atMost}[o]
}

// opposite holds where the operator does not.
func (o operator) opposite() operator {
	return [...]operator{equal: unequal, unequal: equal, less: atLeast, atMost: greater, greater: atMost, atLeast: less}[o]
}

// ordered tells whether the operator holds for a left side that is less (-1), equal
// (0) or greater (1) than the right one.
func (o operator) ordered(sign int) bool {
	switch o {
	case equal:
		return sign == 0
	case unequal:
		return sign != 0
	case less:
		return sign < 0
	case atMost:
		return sign <= 0
	case greater:
		return sign > 0
	default:
		return sign >= 0
	}
}

func (c comparison) holds(value int64) bool { return c.operator.ordered(cmp.Compare(value, c.than)) }

// bounds are the numbers that a value has to come to, or to fall below, for the
// answer to change: one, or two next to each other.
func (c comparison) bounds() (low, high int64) {
	above := c.than + 1
	if above < c.than { // there is no greater number
		above = c.than
	}
	switch c.operator {
	case less, atLeast:
		return c.than, c.than
	case atMost, greater:
		return above, above
	}
	return c.than, above
}
