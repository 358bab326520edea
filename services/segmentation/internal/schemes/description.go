package schemes

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// trait is a difference of a label from all others.
type trait struct {
	column   *column
	category string
	inside   float64
	outside  float64
	effect   float64 // standardised difference, or how many times as often
	strength float64 // Cohen's d, or h of shares: comparable
}

// leastTrait are the fewest customers with a value from whom a difference is told.
const leastTrait = 10

// traits are the differences of a label from all others, the strongest first.
func (w *work) traits(a *assigned, place int) (all []trait) {
	for j, c := range w.columns {
		if c.Numeric() {
			var others stat.Spread
			for at, t := range a.labels {
				if at != place {
					others.Merge(t.spreads[j])
				}
			}
			own := a.labels[place].spreads[j]
			if t, is := apart(c, own, others); is {
				all = append(all, t)
			}
			continue
		}
		all = append(all, w.categories(a, place, j)...)
	}
	slices.SortStableFunc(all, func(x, y trait) int {
		switch {
		case math.Abs(x.strength) > math.Abs(y.strength):
			return -1
		case math.Abs(x.strength) < math.Abs(y.strength):
			return 1
		}
		return 0
	})
	return all
}

// apart is Cohen's d of two means, with the standard deviation of both together.
func apart(c *column, own, others stat.Spread) (trait, bool) {
	if own.N < leastTrait || others.N < leastTrait {
		return trait{}, false
	}
	pooled := math.Sqrt((own.M2 + others.M2) / float64(own.N+others.N-2))
	if !(pooled > 0) {
		return trait{}, false
	}
	d := (own.Mean - others.Mean) / pooled
	return trait{column: c, inside: own.Mean, outside: others.Mean, effect: d, strength: d}, true
}

// categories compares shares of categories, over the customers of whom one is known.
func (w *work) categories(a *assigned, place, j int) (all []trait) {
	c := w.columns[j]
	var own, others int64
	outside := make([]int64, maxGroups+1)
	for at, t := range a.labels {
		for group, n := range t.groups[j] {
			if at == place {
				own += n
			} else {
				others += n
				outside[group] += n
			}
		}
	}
	if own < leastTrait || others < leastTrait {
		return nil
	}
	for group, n := range a.labels[place].groups[j] {
		if n < leastTrait && outside[group] < leastTrait {
			continue
		}
		in, out := ratio(n, own), ratio(outside[group], others)
		t := trait{column: c, category: c.name(group), inside: in, outside: out, strength: 2*math.Asin(math.Sqrt(in)) - 2*math.Asin(math.Sqrt(out))}
		if out > 0 {
			t.effect = in / out
		}
		all = append(all, t)
	}
	return all
}

// most traits are told of a segment, and this many in words.
const (
	mostTraits = 10
	mostWords  = 4
)

// descriptions is step 6: what the segments are like.
func (w *work) descriptions(m *partition.Model, a *assigned) (all []*segmentationv1.LabelDescription) {
	currency, whole := a.currency()
	for place, l := range m.Labels {
		t := a.labels[place]
		d := &segmentationv1.LabelDescription{Label: l.ID}
		var en, zh []string
		for _, x := range w.traits(a, place) {
			if len(d.Traits) == mostTraits || math.Abs(x.strength) < smallEffect {
				break
			}
			d.Traits = append(d.Traits, &segmentationv1.LabelTrait{Fact: x.column.Name, Category: x.category, Inside: x.inside, Outside: x.outside, Effect: x.effect})
			if len(en) < mostWords && (x.category == "" || x.strength > 0) {
				en, zh = append(en, x.words()), append(zh, x.wordsZh())
			}
		}
		d.Text = fmt.Sprintf("%s: %d customers (%s)", l.En, t.customers, percent(ratio(t.customers, w.population)))
		d.TextZh = fmt.Sprintf("%s:%d 位客户(%s)", l.Zh, t.customers, percent(ratio(t.customers, w.population)))
		if currency != "" && whole > 0 && t.customers > 0 {
			d.Text += fmt.Sprintf(" with %s of the revenue in %s", percent(ratio(t.revenue[currency], whole)), currency)
			d.TextZh += fmt.Sprintf(",贡献 %s 收入的 %s", currency, percent(ratio(t.revenue[currency], whole)))
		}
		switch {
		case len(en) > 0:
			d.Text += ". Against all others: " + strings.Join(en, "; ") + "."
			d.TextZh += "。与其他客户相比:" + strings.Join(zh, ";") + "。"
		case t.customers < leastTrait:
			d.Text += ". Too few to describe."
			d.TextZh += "。客户太少,无法描述。"
		default:
			d.Text += ". In nothing that was looked at it differs from the others by a small effect or more."
			d.TextZh += "。在所考察的变量上与其他客户没有明显差异。"
		}
		all = append(all, d)
	}
	return all
}

func (t trait) words() string {
	if t.category != "" {
		return fmt.Sprintf("%s %s %s, not %s", t.column.Label, t.category, percent(t.inside), percent(t.outside))
	}
	return fmt.Sprintf("%s %s on average, not %s (d = %+.2f)", t.column.Label, figure(t.inside), figure(t.outside), t.effect)
}

func (t trait) wordsZh() string {
	if t.category != "" {
		return fmt.Sprintf("%s为 %s 的占 %s(其他 %s)", t.column.LabelZh, t.category, percent(t.inside), percent(t.outside))
	}
	return fmt.Sprintf("%s平均 %s(其他 %s,d = %+.2f)", t.column.LabelZh, figure(t.inside), figure(t.outside), t.effect)
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

// figure is a mean with as many digits as tell something.
func figure(x float64) string {
	digits := 2
	if math.Abs(x) >= 100 {
		digits = 0
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}
