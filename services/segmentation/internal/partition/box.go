package partition

import (
	"math"
	"strconv"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
)

// span is a range of a number: from Low, unless that is left out, to below High,
// unless that is taken in. The infinities are no bound.
type span struct {
	low, high         float64
	above, upToAndHas bool
}

var anything = span{low: math.Inf(-1), high: math.Inf(1)}

func (s span) has(x float64) bool {
	return (x > s.low || !s.above && x == s.low) && (x < s.high || s.upToAndHas && x == s.high)
}

// box is one span for each input; a row in it has the box's label.
type box []span

// boxes explains divisions of which every label is a union of boxes.
type boxes struct {
	inputs []input
	labels [][]box
}

// hold is the time to the next bound of any box.
func (b *boxes) hold(row []float64, days []int) int {
	least := 0
	for _, j := range days {
		x := row[j]
		for _, of := range b.labels {
			for _, in := range of {
				for _, bound := range []float64{in[j].low, in[j].high} {
					if math.IsInf(bound, 0) || bound < x {
						continue
					}
					n := int(max(math.Ceil(bound)-x, 1))
					if least == 0 || n < least {
						least = n
					}
				}
			}
		}
	}
	return least
}

// explain is the conditions of the box that the row is in, or of the one that fewest
// inputs keep it out of.
func (b *boxes) explain(row []float64, label int) (criterion.Condition, []criterion.Distance) {
	if label >= len(b.labels) {
		return unknownCondition(b.inputs, row), nil
	}
	var best box
	least := len(row) + 1
	for _, in := range b.labels[label] {
		out := 0
		for j, s := range in {
			if s != anything && !s.has(row[j]) {
				out++
			}
		}
		if out < least {
			best, least = in, out
		}
	}
	whole := criterion.Condition{Operator: "and", Holds: least == 0}
	for j, s := range best {
		if s != anything {
			leaf := spanCondition(&b.inputs[j], row[j], s)
			leaf.Decided = least == 0 || least == 1 && !leaf.Holds
			whole.Children = append(whole.Children, leaf)
		}
	}
	return whole, nil
}

// spanCondition is that an input lies in a span.
func spanCondition(in *input, x float64, s span) criterion.Condition {
	text, change, changeZh := s.words(in, x)
	c := criterion.Condition{Text: text, Holds: s.has(x), Values: []criterion.Value{{Fact: in.Name, Text: in.text(x)}}}
	if !c.Holds {
		c.Change, c.ChangeZh = change, changeZh
	}
	return c
}

// unknownCondition is that an input is missing.
func unknownCondition(inputs []input, row []float64) criterion.Condition {
	whole := criterion.Condition{Operator: "or"}
	for j := range inputs {
		in := &inputs[j]
		leaf := criterion.Condition{
			Text: in.Name + " is not known", Holds: math.IsNaN(row[j]),
			Values: []criterion.Value{{Fact: in.Name, Text: in.text(row[j])}},
		}
		whole.Holds = whole.Holds || leaf.Holds
		whole.Children = append(whole.Children, leaf)
	}
	return whole
}

// text is a value of the input as people read it.
func (in *input) text(x float64) string {
	switch {
	case math.IsNaN(x):
		return "not known"
	case in.categories != nil && int(x) < len(in.categories):
		return in.categories[int(x)]
	default:
		return number(x)
	}
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// words say a span, and what would have to change to lie in it.
func (s span) words(in *input, x float64) (text, change, changeZh string) {
	is := in.Label + " is " + in.text(x) + " and would have to be "
	isZh := in.LabelZh + "为 " + in.text(x) + "，需要"
	if math.IsNaN(x) {
		is, isZh = in.Label+" is not known and would have to be ", in.LabelZh+"未知，需要"
	}
	if in.categories != nil {
		name := in.categories[min(int(s.low), len(in.categories)-1)]
		return in.Name + " in " + name, is + name, isZh + "属于 " + name
	}
	low, lowZh := "at least ", "至少 "
	lowSign := ">="
	if s.above {
		low, lowZh, lowSign = "above ", "大于 ", ">"
	}
	high, highZh, highSign := "below ", "小于 ", "<"
	if s.upToAndHas {
		high, highZh, highSign = "at most ", "至多 ", "<="
	}
	switch {
	case math.IsInf(s.low, -1) && math.IsInf(s.high, 1):
		return in.Name + " is known", is + "known", isZh + "已知"
	case math.IsInf(s.low, -1):
		return in.Name + " " + highSign + " " + number(s.high), is + high + number(s.high), isZh + highZh + number(s.high)
	case math.IsInf(s.high, 1):
		return in.Name + " " + lowSign + " " + number(s.low), is + low + number(s.low), isZh + lowZh + number(s.low)
	}
	text = in.Name + " " + lowSign + " " + number(s.low) + " and " + highSign + " " + number(s.high)
	return text, is + low + number(s.low) + " and " + high + number(s.high), isZh + lowZh + number(s.low) + "且" + highZh + number(s.high)
}
