package schemes

import (
	"math"
	"strconv"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/describe"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// portrait adds customers up for the descriptions of the labels.
type portrait struct {
	*describe.Tally
	columns []*column
	numbers []float64
	words   []string
}

func newPortrait(w *work, labels int) (*portrait, error) {
	p := &portrait{columns: w.columns}
	var numbers, words []describe.Variable
	for _, c := range w.columns {
		v := describe.Variable{Name: c.Name, LabelEn: c.Label, LabelZh: c.LabelZh, Unit: c.Unit}
		if c.Numeric() {
			numbers = append(numbers, v)
		} else {
			words = append(words, v)
		}
	}
	var err error
	p.Tally, err = describe.NewTally(labels, numbers, words)
	return p, err
}

// add counts a customer with a label, of whom row is known.
func (p *portrait) add(label int, f *facts.Facts, row []float64) error {
	p.numbers, p.words = p.numbers[:0], p.words[:0]
	for j, c := range p.columns {
		if c.Numeric() {
			p.numbers = append(p.numbers, row[j])
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
