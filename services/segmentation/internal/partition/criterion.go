package partition

import (
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
)

// Criterion is that a customer has this label.
func (o *Opened) Criterion(label string) (criterion.Criterion, error) {
	place := o.Model.Place(label)
	if place < 0 {
		return nil, fault.Invalid("partition.label", "must be one of the run's labels, is %.64q", label)
	}
	return &labelled{o, place}, nil
}

// labelled is a label as a criterion.
type labelled struct {
	*Opened
	label int
}

// Nobody is the criterion of a label that there is not. Of whom the model cannot tell it
// cannot either, so that they stay where they are in all labels alike.
func (o *Opened) Nobody() criterion.Criterion { return &missing{labelled{o, -1}} }

type missing struct{ labelled }

// Explain tells that nobody belongs.
func (*missing) Explain(*criterion.Case) criterion.Explanation {
	return criterion.Explanation{Conditions: criterion.Condition{Text: "the scheme's run has no such label", Decided: true}}
}

// Evaluate answers for a case.
func (l *labelled) Evaluate(c *criterion.Case) (criterion.Verdict, error) {
	got, until, err := l.Assign(c)
	if err != nil {
		return criterion.Verdict{}, err
	}
	return criterion.Verdict{Belongs: got == l.label, Until: until}, nil
}

// Reads are the facts that decide.
func (l *labelled) Reads() []string {
	if l.rules != nil {
		read, _ := l.rulesRead()
		return read
	}
	var read []string
	for _, in := range l.reader.inputs {
		read = append(read, in.Reads...)
	}
	if l.Model.RFM != nil {
		read = append(read, "orders.count")
		if !l.Model.AsOf.IsZero() {
			read = append(read, "orders.recent")
		}
	}
	slices.Sort(read)
	return slices.Compact(read)
}

// Segments are those that rules ask about.
func (l *labelled) Segments() []string {
	if l.rules == nil {
		return nil
	}
	_, segments := l.rulesRead()
	return segments
}

// Explain tells why, with values, and what would have to change.
func (l *labelled) Explain(c *criterion.Case) criterion.Explanation {
	if l.rules != nil {
		return l.explainRule(c, l.label)
	}
	row := make([]float64, l.reader.Width())
	m := l.reader.Moment(c.At)
	l.reader.Read(c.Facts, m, row)
	e := criterion.Explanation{Belongs: l.divider.divide(row) == l.label}
	e.Conditions, e.Distances = l.divider.explain(row, l.label)
	if until := l.until(c.Facts, m, row); !until.IsZero() {
		for i := range e.Conditions.Children {
			leaf := &e.Conditions.Children[i]
			if len(leaf.Values) == 1 && l.grows(leaf.Values[0].Fact) {
				leaf.At = until
			}
		}
	}
	return e
}

// grows tells the inputs that time alone changes.
func (l *labelled) grows(name string) bool {
	return slices.ContainsFunc(l.reader.inputs, func(in input) bool { return in.Name == name && (in.days || in.next != nil) })
}
