// Package describe says in Chinese and English what a segment is like: what sets its
// customers apart from all others, with the figures. Every figure in a text is one of
// the description's data; the same data make the same text.
package describe

import "github.com/kehuhq/kehu/pkg/stat"

// Variable is what is compared: a fact, or a number worked out of facts.
type Variable struct {
	Name string // e.g. "orders.count", "revenue.CNY", "attributes.tier"
	// LabelEn and LabelZh are what it is called; where empty, the table of facts or
	// the name tells.
	LabelEn, LabelZh string
	// Unit is that of a number: days, years, persons, orders, a currency (ISO 4217),
	// or empty.
	Unit string
}

// Profile is what is known of a segment's customers, and of all others.
type Profile struct {
	Size   int64 // customers in the segment
	Others int64 // all other customers
	// Features are numbers, Traits categories, each variable once.
	Features []Feature
	Traits   []Trait
}

// Feature is a number of which something is known inside and outside of the segment.
type Feature struct {
	Variable
	Inside, Outside Summary
}

// Summary is how a number is spread over customers of whom it is known.
type Summary struct {
	stat.Spread
	// Quartiles, 0 without customers.
	P25, Median, P75 float64
}

// Trait is a category, such as a region.
type Trait struct {
	Variable
	// InsideKnown and OutsideKnown are how many customers' category is known.
	InsideKnown, OutsideKnown int64
	// Categories are those counted, each once; others may exist.
	Categories []Category
}

// Category is how many customers have one value of a trait.
type Category struct {
	Value           string // e.g. "广东", "FEMALE", "true"
	Inside, Outside int64
}

// Description is what sets a segment apart.
type Description struct {
	Size, Population int64
	Share            float64 // Size/Population
	// Distinctions are ranked: what distinguishes first, then by the size of the effect.
	Distinctions   []Distinction
	TextEn, TextZh string // sentences with figures
	NameEn, NameZh string // a suggestion
	Warnings       []Warning
}

// Distinction is one difference between the segment and all others.
type Distinction struct {
	Variable
	Category string // empty of a number
	// Inside and Outside are the category's share with Wilson's interval, or the
	// number's mean with that of Student's t, among customers of whom it is known.
	Inside, Outside stat.Estimate
	// MedianInside and MedianOutside are of a number, otherwise 0.
	MedianInside, MedianOutside float64
	// Lift is Inside/Outside of a category; nil where nobody outside has it.
	Lift *float64
	// Effect is the standardised difference, above 0 where the segment has more: of
	// shares Cohen's h = 2·asin√p₁ − 2·asin√p₂, of means Cohen's d = (x̄₁−x̄₂)/s with s²
	// pooled. Both are small from 0.2, medium from 0.5, large from 0.8 on (Cohen 1988,
	// Statistical Power Analysis for the Behavioral Sciences).
	Effect float64
	// P is that of no difference; PAdjusted is corrected for all that were compared
	// (Benjamini and Hochberg 1995).
	P, PAdjusted float64
	// Distinguishing tells of an effect of at least 0.2 that is hardly chance.
	Distinguishing bool
}

// Reasons of warnings.
const (
	ReasonTooSmall     = "SEGMENT_TOO_SMALL"
	ReasonOthersFew    = "OTHERS_TOO_FEW"
	ReasonNothing      = "NOTHING_DISTINGUISHES"
	ReasonManyValues   = "MANY_CATEGORIES"
	ReasonNotComparing = "NOTHING_TO_COMPARE"
)

// Warning is what is doubtful about a description.
type Warning struct {
	Reason string
	En, Zh string
}

// Thresholds of what is said.
const (
	// MinSize is the number of customers below which a segment is too small to be
	// described: even a share of one half is then known to ±18 points only.
	MinSize = 30
	// minCategory is how many of a segment's customers must share a category.
	minCategory = 5
	minEffect   = 0.2
	maxAdjusted = 0.05
	level       = 0.95
	// constantEffect stands for differences between numbers that do not vary at all.
	constantEffect = 10
)

// Describe compares a segment with all other customers, and puts the differences that
// matter into words. What is inconsistent in the profile is an InvalidArgument fault.
func Describe(p Profile) (*Description, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	d := &Description{Size: p.Size, Population: p.Size + p.Others}
	d.Share = float64(p.Size) / float64(d.Population)
	all, err := compare(p)
	if err != nil {
		return nil, err
	}
	d.Distinctions = all
	d.warn(len(p.Features) + len(p.Traits))
	said := d.worthSaying()
	d.TextEn, d.TextZh = d.text(english, said), d.text(chinese, said)
	d.NameEn, d.NameZh = d.name(english, said), d.name(chinese, said)
	return d, nil
}

func (d *Description) warn(compared int) {
	distinguishing := 0
	for _, x := range d.Distinctions {
		if x.Distinguishing {
			distinguishing++
		}
	}
	add := func(reason, en, zh string) { d.Warnings = append(d.Warnings, Warning{Reason: reason, En: en, Zh: zh}) }
	switch {
	case d.Size < MinSize:
		add(ReasonTooSmall, "the segment is too small to be described", "客户过少，不足以描述")
	case d.Population-d.Size < MinSize:
		add(ReasonOthersFew, "there are too few other customers to compare with", "其他客户过少，无法比较")
	case compared == 0:
		add(ReasonNotComparing, "no variable was given to compare", "没有可比较的变量")
	case distinguishing == 0:
		add(ReasonNothing, "nothing that was compared sets the segment apart", "所比较的变量均无明显差异")
	}
}
