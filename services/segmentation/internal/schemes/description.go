package schemes

import (
	"math"
	"slices"
	"strconv"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/describe"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// portrait adds customers up for the descriptions of the labels.
type portrait struct {
	*describe.Tally
	columns []*column
	factors []float64 // of the numbers, into the unit that they are told in; 0: left out
	numbers []float64
	words   []string
}

func newPortrait(w *work, labels int) (*portrait, error) {
	p := &portrait{columns: w.columns}
	var numbers, words []describe.Variable
	for _, c := range w.columns {
		v, factor := w.told(c)
		p.factors = append(p.factors, factor)
		switch {
		case !c.Numeric():
			words = append(words, v)
		case factor != 0:
			numbers = append(numbers, v)
		}
	}
	var err error
	p.Tally, err = describe.NewTally(labels, numbers, words)
	return p, err
}

// told is how a column is told: an amount in the minor unit in the major one, and, by a
// factor of 0, not at all where another column does so.
func (w *work) told(c *column) (describe.Variable, float64) {
	currency := c.unit()
	name, minor := strings.CutSuffix(c.Name, "_minor")
	if code, is := strings.CutPrefix(c.Name, "revenue_minor."); is {
		name, minor = "revenue."+code, true
	}
	if !minor || !facts.IsCurrency(currency) {
		return describe.Variable{Name: c.Name, LabelEn: c.Label, LabelZh: c.LabelZh, Unit: currency}, 1
	}
	if slices.ContainsFunc(w.columns, func(other *column) bool { return other.Name == name }) {
		return describe.Variable{}, 0
	}
	one := facts.Money{Minor: 1, Currency: currency}
	return describe.Variable{Name: name, Unit: currency}, one.Major()
}

// add counts a customer with a label, of whom row is known.
func (p *portrait) add(label int, f *facts.Facts, row []float64) error {
	p.numbers, p.words = p.numbers[:0], p.words[:0]
	for j, c := range p.columns {
		if c.Numeric() {
			if factor := p.factors[j]; factor != 0 {
				p.numbers = append(p.numbers, factor*row[j])
			}
			continue
		}
		word, _ := c.Category(f)
		p.words = append(p.words, word)
	}
	return p.Add(label, p.numbers, p.words)
}

// mostTraits are told of a segment.
const mostTraits = 10

// descriptions is step 6: what the segments are like.
func (w *work) descriptions(m *partition.Model, all []*describe.Description) (told []*segmentationv1.LabelDescription) {
	for place, l := range m.Labels {
		d := &segmentationv1.LabelDescription{Label: l.ID, Text: "Nobody has this label.", TextZh: "没有客户属于此类。"}
		if found := all[place]; found != nil {
			d.Text, d.TextZh = found.TextEn, found.TextZh
			for _, x := range found.Distinctions {
				if x.Distinguishing && len(d.Traits) < mostTraits {
					d.Traits = append(d.Traits, traitOf(x))
				}
			}
		}
		told = append(told, d)
	}
	return told
}

func traitOf(x describe.Distinction) *segmentationv1.LabelTrait {
	t := &segmentationv1.LabelTrait{Fact: x.Name, Category: x.Category, Inside: x.Inside.Value, Outside: x.Outside.Value, Effect: x.Effect}
	if x.Category != "" {
		t.Effect = 0
		if x.Lift != nil {
			t.Effect = *x.Lift
		}
	}
	return t
}

// strongest is the largest effect by which a segment differs, and by how many it does.
func strongest(d *describe.Description) (effect, differing float64) {
	if d == nil {
		return 0, 0
	}
	for _, x := range d.Distinctions {
		if x.Distinguishing {
			effect = max(effect, math.Abs(x.Effect))
			differing++
		}
	}
	return effect, differing
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }
