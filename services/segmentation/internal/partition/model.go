// Package partition divides all customers by one method: each gets exactly one label.
// A Spec says how, Fit turns it and the customers' numbers into a Model that stands
// still, and an opened Model assigns: it is what a segment of a scheme is defined by.
package partition

import (
	"math"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/quadrant"
)

// Unknown is the label of those of whom an input is missing.
const Unknown = "unknown"

// MaxInputs is the most numbers that decide on a label.
const MaxInputs = 32

// Label is a label and its names.
type Label struct {
	ID string `bson:"id"` // lower-case letters, digits and `-`
	En string `bson:"en"`
	Zh string `bson:"zh"`
}

func unknownLabel() Label { return Label{Unknown, "unknown", "未知"} }

// Model is a division that stands still. Exactly one of the methods is set.
type Model struct {
	Zone string `bson:"zone"`
	// AsOf is the instant before which orders count; zero is the present.
	AsOf time.Time `bson:"as_of,omitempty"`
	// Labels are all, Unknown last. Their order is the method's; ids may be renamed.
	Labels    []Label          `bson:"labels"`
	RFM       *RFM             `bson:"rfm,omitempty"`
	KMeans    *KMeans          `bson:"kmeans,omitempty"`
	Quadrants *quadrant.Policy `bson:"quadrants,omitempty"`
	Crossed   *Crossed         `bson:"crossed,omitempty"`
	Rules     []Rule           `bson:"rules,omitempty"`
}

// Compile makes a rule of an expression.
type Compile func(expression string) (criterion.Criterion, error)

// divider gives rows of numbers their label. NaN is a number that is missing.
type divider interface {
	// divide returns the place of a label.
	divide(row []float64) int
	// hold is for how many days the label stands if the inputs that count days grow by
	// one a day and nothing else changes; 0 is for ever. It may be short, never long.
	hold(row []float64, days []int) int
	// explain tells why a row has a label, or has not.
	explain(row []float64, label int) (criterion.Condition, []criterion.Distance)
}

// Opened is a model that assigns. It is safe for concurrent use.
type Opened struct {
	Model   *Model
	reader  *Reader
	divider divider
	rules   []criterion.Criterion
}

// Open makes a model ready. Rules are compiled; compile may be nil where there are none.
func (m *Model) Open(compile Compile) (*Opened, error) {
	o := &Opened{Model: m}
	if len(m.Rules) > 0 {
		for i, r := range m.Rules {
			compiled, err := compile(r.Expression)
			if err != nil {
				return nil, inRule(i, err)
			}
			o.rules = append(o.rules, compiled)
		}
		return o, nil
	}
	inputs, d, err := m.open()
	if err != nil {
		return nil, err
	}
	o.divider = d
	o.reader, err = newReader(inputs, m.Zone, m.AsOf)
	return o, err
}

func (m *Model) open() ([]input, divider, error) {
	switch {
	case m.RFM != nil:
		inputs, err := rfmInputs(m.RFM.Currency)
		return inputs, m.RFM.divider(), err
	case m.KMeans != nil:
		inputs, err := m.KMeans.inputs()
		return inputs, &nearest{m.KMeans, inputs, m.Labels}, err
	case m.Quadrants != nil:
		inputs, err := quadrantInputs(m.Quadrants)
		return inputs, &quadrants{policy: m.Quadrants, inputs: inputs}, err
	case m.Crossed != nil:
		inputs, err := m.Crossed.inputs()
		if err != nil {
			return nil, nil, err
		}
		return inputs, m.Crossed.divider(inputs), nil
	}
	return nil, nil, fault.New(fault.Internal, "MODEL_EMPTY", "a stored model has no method")
}

// Reader is what reads the numbers of the division; nil of rules.
func (o *Opened) Reader() *Reader { return o.reader }

// Divide returns the place of the label of a row of the Reader's numbers.
func (o *Opened) Divide(row []float64) int { return o.divider.divide(row) }

// Place finds a label by its id, −1 where there is none.
func (m *Model) Place(label string) int {
	for i, l := range m.Labels {
		if l.ID == label {
			return i
		}
	}
	return -1
}

// Assign returns the place of the customer's label, and until when it stands; zero is
// for as long as the facts do. An error is a rule's, of this customer.
func (o *Opened) Assign(c *criterion.Case) (label int, until time.Time, err error) {
	if o.rules != nil {
		return o.first(c)
	}
	var numbers [MaxInputs]float64
	row := numbers[:len(o.reader.inputs)]
	m := o.reader.Moment(c.At)
	o.reader.Read(c.Facts, m, row)
	return o.divider.divide(row), o.until(c.Facts, m, row), nil
}

// until is when the label of a row may change by time alone.
func (o *Opened) until(f *facts.Facts, m Moment, row []float64) (until time.Time) {
	if !o.Model.AsOf.IsZero() {
		return time.Time{}
	}
	var growing [MaxInputs]int
	days := growing[:0]
	for j, in := range o.reader.inputs {
		switch {
		case in.next != nil:
			until = sooner(until, in.next(f, m))
		case in.days && !math.IsNaN(row[j]):
			days = append(days, j)
		}
	}
	if len(days) > 0 {
		if n := o.divider.hold(row, days); n > 0 {
			until = sooner(until, m.after(n))
		}
	}
	return until
}

// sooner is the earlier of two instants, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
