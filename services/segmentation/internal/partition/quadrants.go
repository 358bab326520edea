package partition

import (
	"fmt"
	"math"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/quadrant"
)

// The places of the inputs; those of need follow.
const (
	orderDays = iota
	currentValue
	predictedValue
	firstNeed
)

func quadrantInputs(p *quadrant.Policy) ([]input, error) {
	named := []struct{ field, fact string }{
		{"method.quadrants", "orders.days"}, {"method.quadrants.value_fact", p.ValueFact}, {"method.quadrants.potential_fact", p.PotentialFact},
	}
	for i, signal := range p.Need {
		named = append(named, struct{ field, fact string }{fmt.Sprintf("method.quadrants.need[%d].fact", i), signal.Fact})
	}
	inputs := make([]input, 0, len(named))
	for _, n := range named {
		v, err := FindNumber(n.field, n.fact)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, numberInput(v))
	}
	return inputs, nil
}

func quadrantInput(row []float64) quadrant.Input {
	return quadrant.Input{OrderDays: row[orderDays], Value: row[currentValue], Potential: row[predictedValue], Need: row[firstNeed:]}
}

// quadrants divides by value and need.
type quadrants struct {
	policy *quadrant.Policy
	inputs []input
}

func (d *quadrants) divide(row []float64) int {
	group, known := d.policy.Group(quadrantInput(row))
	if !known {
		return len(quadrant.Groups())
	}
	return int(group)
}

// hold is the time to the next threshold of any input that grows.
func (d *quadrants) hold(row []float64, days []int) int {
	b := boxes{labels: [][]box{{d.bounds()}}}
	return b.hold(row, days)
}

// bounds are the thresholds of the inputs.
func (d *quadrants) bounds() box {
	b := box{{low: float64(d.policy.MinOrders), high: math.Inf(1)}, {low: d.policy.ValueAbove, high: math.Inf(1)}, {low: d.policy.PotentialAbove, high: math.Inf(1)}}
	for _, s := range d.policy.Need {
		b = append(b, signalSpan(s))
	}
	return b
}

func signalSpan(s quadrant.Signal) span {
	if s.AtMost {
		return span{low: math.Inf(-1), high: s.Threshold, upToAndHas: true}
	}
	return span{low: s.Threshold, high: math.Inf(1)}
}

// side is the part above a number, or the part up to it.
func side(at float64, above bool) span {
	if above {
		return span{low: at, high: math.Inf(1), above: true}
	}
	return span{low: math.Inf(-1), high: at, upToAndHas: true}
}

func (d *quadrants) explain(row []float64, label int) (criterion.Condition, []criterion.Distance) {
	if label >= len(quadrant.Groups()) {
		return d.explainUnknown(row), nil
	}
	g := quadrant.Group(label)
	orders := span{low: float64(d.policy.MinOrders), high: math.Inf(1)}
	decides, above := currentValue, d.policy.ValueAbove
	if !g.Established() {
		orders = span{low: math.Inf(-1), high: float64(d.policy.MinOrders)}
		decides, above = predictedValue, d.policy.PotentialAbove
	}
	whole := criterion.Condition{Operator: "and", Children: []criterion.Condition{
		spanCondition(&d.inputs[orderDays], row[orderDays], orders),
		spanCondition(&d.inputs[decides], row[decides], side(above, g.HighValue())),
		d.need(row, g.HighNeed()),
	}}
	fail := 0
	for _, c := range whole.Children {
		if !c.Holds {
			fail++
		}
	}
	whole.Holds = fail == 0
	for i := range whole.Children {
		c := &whole.Children[i]
		c.Decided = fail == 0 || fail == 1 && !c.Holds
	}
	return whole, nil
}

// need is that need is high, or low.
func (d *quadrants) need(row []float64, high bool) criterion.Condition {
	is, known := d.policy.HighNeed(quadrantInput(row))
	c := criterion.Condition{Holds: known && is == high}
	for i, s := range d.policy.Need {
		in := &d.inputs[firstNeed+i]
		c.Children = append(c.Children, spanCondition(in, row[firstNeed+i], signalSpan(s)))
	}
	say := fmt.Sprintf("at least %d of %d signals of need", d.policy.NeedSignals, len(d.policy.Need))
	if !high {
		say = "not " + say
	}
	c.Text, c.Operator = say, "or"
	return c
}

func (d *quadrants) explainUnknown(row []float64) criterion.Condition {
	in := quadrantInput(row)
	decides := predictedValue
	if d.policy.Established(in) {
		decides = currentValue
	}
	value := unknownCondition(d.inputs[decides:decides+1], row[decides:decides+1])
	need := unknownCondition(d.inputs[firstNeed:], row[firstNeed:])
	need.Operator, need.Text = "and", "no signal of need is known"
	need.Holds = true
	for _, c := range need.Children {
		need.Holds = need.Holds && c.Holds
	}
	return criterion.Condition{Operator: "or", Holds: value.Holds || need.Holds, Children: []criterion.Condition{value, need}}
}

// fitQuadrants finds the quantiles that are thresholds.
func fitQuadrants(s *quadrant.Spec, rows []float64) (*Fitted, error) {
	p := s.Policy()
	out := &Fitted{Model: &Model{Quadrants: p}}
	for _, g := range quadrant.Groups() {
		out.Model.Labels = append(out.Model.Labels, Label{g.ID, g.En, g.Zh})
	}
	out.Model.Labels = append(out.Model.Labels, unknownLabel())
	width := firstNeed + len(s.Need)
	for _, t := range []struct {
		fact  string
		asked quadrant.Threshold
		at    *float64
		j     int
	}{{s.ValueFact, s.Value, &p.ValueAbove, currentValue}, {s.PotentialFact, s.Potential, &p.PotentialAbove, predictedValue}} {
		basis := "given"
		if q := t.asked.Quantile; q > 0 {
			known := sorted(rows, width, t.j)
			if len(known) == 0 {
				return nil, fault.New(fault.FailedPrecondition, "VARIABLE_EMPTY", "nobody has %s, so that there is no quantile of it", t.fact)
			}
			*t.at = known[max(0, int(math.Ceil(q*float64(len(known))))-1)]
			basis = fmt.Sprintf("quantile %g", q)
		}
		out.Cuts = append(out.Cuts, Cut{Fact: t.fact, At: []float64{*t.at}, Basis: basis})
	}
	return out, nil
}
