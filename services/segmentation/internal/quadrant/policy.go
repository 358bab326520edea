// Package quadrant divides customers by value and need into eight groups. From so many
// days with an order on, the value brought so far tells whether value is high or low;
// before that, the value predicted, and the group is one of potential.
package quadrant

import (
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Threshold is a number, or a quantile of the customers of whom the number is known.
type Threshold struct {
	Value    float64
	Quantile float64 // 0 where Value holds
}

// Signal is a number that tells of need: at or above its threshold, or at or below.
type Signal struct {
	Fact      string  `bson:"fact"`
	Threshold float64 `bson:"threshold"`
	AtMost    bool    `bson:"at_most,omitempty"`
}

// Spec is a policy whose thresholds may be quantiles yet to be found.
type Spec struct {
	ValueFact     string
	Value         Threshold
	MinOrders     int64 // days with an order from which on the value so far decides
	PotentialFact string
	Potential     Threshold
	Need          []Signal
	NeedSignals   int // how many must say so
}

// Check refuses a spec that can tell of nobody.
func (s *Spec) Check() error {
	switch {
	case s.MinOrders < 1:
		return fault.Invalid("method.quadrants.min_orders", "must be at least 1, is %d", s.MinOrders)
	case len(s.Need) == 0:
		return fault.Invalid("method.quadrants.need", "must have at least one signal")
	case s.NeedSignals < 1 || s.NeedSignals > len(s.Need):
		return fault.Invalid("method.quadrants.need_signals", "must be 1 to %d, the number of signals, is %d", len(s.Need), s.NeedSignals)
	}
	return nil
}

// Learns tells whether a threshold is a quantile.
func (s *Spec) Learns() bool { return s.Value.Quantile > 0 || s.Potential.Quantile > 0 }

// Policy is the spec with its thresholds as far as they are numbers.
func (s *Spec) Policy() *Policy {
	return &Policy{
		ValueFact: s.ValueFact, ValueAbove: s.Value.Value, MinOrders: s.MinOrders,
		PotentialFact: s.PotentialFact, PotentialAbove: s.Potential.Value, Need: slices.Clone(s.Need), NeedSignals: s.NeedSignals,
	}
}

// Policy is by what customers are divided.
type Policy struct {
	ValueFact      string   `bson:"value_fact"`
	ValueAbove     float64  `bson:"value_above"`
	MinOrders      int64    `bson:"min_orders"`
	PotentialFact  string   `bson:"potential_fact"`
	PotentialAbove float64  `bson:"potential_above"`
	Need           []Signal `bson:"need"`
	NeedSignals    int      `bson:"need_signals"`
}

// Input is what is known of one customer; NaN is not known.
type Input struct {
	OrderDays float64
	Value     float64 // brought so far
	Potential float64 // predicted
	Need      []float64
}

// Established tells whether the value so far decides.
func (p *Policy) Established(in Input) bool { return in.OrderDays >= float64(p.MinOrders) }

// HighValue tells whether value is high; known is false where what decides is missing.
func (p *Policy) HighValue(in Input) (high, known bool) {
	value, above := in.Potential, p.PotentialAbove
	if p.Established(in) {
		value, above = in.Value, p.ValueAbove
	}
	return value > above, !math.IsNaN(value)
}

// Says tells whether a signal's number says that need is high.
func (s *Signal) Says(x float64) bool {
	if s.AtMost {
		return x <= s.Threshold
	}
	return x >= s.Threshold
}

// HighNeed tells whether enough of the signals that are known say so; known is false
// where none is.
func (p *Policy) HighNeed(in Input) (high, known bool) {
	say := 0
	for i, x := range in.Need {
		if math.IsNaN(x) {
			continue
		}
		known = true
		if p.Need[i].Says(x) {
			say++
		}
	}
	return say >= p.NeedSignals, known
}

// Group is the customer's, and false where value or need is unknown.
func (p *Policy) Group(in Input) (Group, bool) {
	value, valueKnown := p.HighValue(in)
	need, needKnown := p.HighNeed(in)
	if !valueKnown || !needKnown {
		return 0, false
	}
	return GroupOf(p.Established(in), value, need), true
}
