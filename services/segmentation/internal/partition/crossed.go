package partition

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// maxCrossed is the most labels of crossed dimensions.
const maxCrossed = 125

// Crossed is the product of dimensions. Before it is fitted, the cuts of quantiles are
// not known.
type Crossed struct {
	Dimensions []Dimension `bson:"dimensions"`
}

// Dimension parts customers by one fact: a number by Cuts, a category by Groups.
type Dimension struct {
	Fact string `bson:"fact"`
	// Parts are the labels: of numbers one more than cuts, the lowest first; of
	// categories one for each group, and one more where Other.
	Parts     []Label    `bson:"parts"`
	Cuts      []float64  `bson:"cuts,omitempty"` // ascending; a part begins at its cut
	Quantiles bool       `bson:"quantiles,omitempty"`
	Groups    [][]string `bson:"groups,omitempty"`
	Other     bool       `bson:"other,omitempty"`
	// Within are the labels of the dimensions before, of those customers whom this one
	// parts; empty is all.
	Within []string `bson:"within,omitempty"`
}

func (c *Crossed) inputs() ([]input, error) {
	var inputs []input
	for i := range c.Dimensions {
		d := &c.Dimensions[i]
		field := fmt.Sprintf("method.crossed.dimensions[%d].fact", i)
		if len(d.Groups) == 0 {
			v, err := FindNumber(field, d.Fact)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, numberInput(v))
			continue
		}
		v, err := Find(field, d.Fact)
		if err != nil {
			return nil, err
		}
		if v.Numeric() {
			return nil, fault.Invalid(field, "must name a category to be parted by groups, %s is a number", d.Fact)
		}
		inputs = append(inputs, d.coded(v))
	}
	return inputs, nil
}

// coded is a category as the place of its group.
func (d *Dimension) coded(v *Variable) input {
	codes := make(map[string]float64)
	in := input{Variable: v}
	for code, group := range d.Groups {
		for _, category := range group {
			codes[category] = float64(code)
		}
		in.categories = append(in.categories, strings.Join(group, ", "))
	}
	if d.Other {
		in.categories = append(in.categories, "other")
	}
	in.number = func(f *facts.Facts, _ Moment) (float64, bool) {
		category, known := v.Category(f)
		if !known {
			return 0, false
		}
		if code, grouped := codes[category]; grouped {
			return code, true
		}
		return float64(len(d.Groups)), d.Other
	}
	return in
}

func (c *Crossed) check() error {
	for i := range c.Dimensions {
		if err := c.Dimensions[i].check(fmt.Sprintf("method.crossed.dimensions[%d]", i)); err != nil {
			return err
		}
	}
	labels, err := c.cross(nil)
	if err == nil && len(labels) > maxCrossed {
		err = fault.Invalid("method.crossed.dimensions", "must make at most %d labels, make %d", maxCrossed, len(labels))
	}
	return err
}

func (d *Dimension) check(field string) error {
	seen := map[string]bool{}
	for _, p := range d.Parts {
		if seen[p.ID] {
			return fault.Invalid(field, "must have a label of its own for each part, %q is given twice", p.ID)
		}
		seen[p.ID] = true
	}
	switch {
	case len(d.Groups) > 0:
		grouped := map[string]bool{}
		for _, category := range slices.Concat(d.Groups...) {
			if grouped[category] {
				return fault.Invalid(field+".categories", "must have each category in one group, %q is in two", category)
			}
			grouped[category] = true
		}
	case d.Quantiles:
	case len(d.Parts) != len(d.Cuts)+1:
		return fault.Invalid(field+".numbers.labels", "must be one more than the cuts, %d, are %d", len(d.Cuts)+1, len(d.Parts))
	case !sort.SliceIsSorted(d.Cuts, func(a, b int) bool { return d.Cuts[a] <= d.Cuts[b] }) || hasTwice(d.Cuts):
		return fault.Invalid(field+".numbers.cuts", "must ascend")
	}
	return nil
}

func hasTwice(sorted []float64) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i] <= sorted[i-1] {
			return true
		}
	}
	return false
}

// branch is a place in the tree of dimensions.
type branch struct {
	label Label
	where box
}

// cross multiplies the dimensions: the labels, and for a tree the places by parts.
func (c *Crossed) cross(tree *node) ([]branch, error) {
	type open struct {
		branch
		at *node
	}
	width := len(c.Dimensions)
	whole := make(box, width)
	for j := range whole {
		whole[j] = anything
	}
	if tree == nil {
		tree = &node{}
	}
	level := []open{{branch{where: whole}, tree}}
	for j := range c.Dimensions {
		d := &c.Dimensions[j]
		for i, within := range d.Within {
			if !slices.ContainsFunc(level, func(o open) bool { return o.label.ID == within }) {
				return nil, fault.Invalid(fmt.Sprintf("method.crossed.dimensions[%d].within[%d]", j, i), "must be a label of the dimensions before, is %.64q", within)
			}
		}
		var next []open
		for _, o := range level {
			if len(d.Within) > 0 && !slices.Contains(d.Within, o.label.ID) {
				next = append(next, o)
				continue
			}
			o.at.dimension, o.at.parts = j, make([]*node, len(d.Parts))
			for p, part := range d.Parts {
				o.at.parts[p] = &node{}
				b := branch{join(o.label, part), slices.Clone(o.where)}
				b.where[j] = d.span(p)
				next = append(next, open{b, o.at.parts[p]})
			}
			if len(next) > 10*maxCrossed {
				return nil, fault.Invalid("method.crossed.dimensions", "must make at most %d labels", maxCrossed)
			}
		}
		level = next
	}
	all := make([]branch, len(level))
	for i, o := range level {
		o.at.label = i
		all[i] = o.branch
	}
	return all, nil
}

func join(a, b Label) Label {
	if a.ID == "" {
		return b
	}
	return Label{a.ID + "-" + b.ID, a.En + ", " + b.En, a.Zh + "·" + b.Zh}
}

// span is what a part holds.
func (d *Dimension) span(part int) span {
	if len(d.Groups) > 0 {
		return span{low: float64(part), high: float64(part), upToAndHas: true}
	}
	s := anything
	if part > 0 && part <= len(d.Cuts) {
		s.low = d.Cuts[part-1]
	}
	if part < len(d.Cuts) {
		s.high = d.Cuts[part]
	}
	return s
}

// node is where a dimension parts, or a label.
type node struct {
	dimension int
	parts     []*node
	label     int
}

// crossedDivider walks the tree.
type crossedDivider struct {
	boxes
	dimensions []Dimension
	tree       *node
}

func (c *Crossed) divider(inputs []input) divider {
	d := &crossedDivider{dimensions: c.Dimensions, tree: &node{}}
	branches, _ := c.cross(d.tree) // checked when the scheme was
	d.inputs = inputs
	for _, b := range branches {
		d.labels = append(d.labels, []box{b.where})
	}
	return d
}

func (d *crossedDivider) divide(row []float64) int {
	at := d.tree
	for at.parts != nil {
		x := row[at.dimension]
		if math.IsNaN(x) {
			return len(d.labels)
		}
		dimension := &d.dimensions[at.dimension]
		part := int(x)
		if len(dimension.Groups) == 0 {
			part = 0
			for part < len(dimension.Cuts) && x >= dimension.Cuts[part] {
				part++
			}
		}
		at = at.parts[part]
	}
	return at.label
}

// fit finds the cuts of quantiles.
func (c *Crossed) fit(rows []float64) (*Fitted, error) {
	fitted := &Crossed{Dimensions: slices.Clone(c.Dimensions)}
	out := &Fitted{Model: &Model{Crossed: fitted}}
	for j := range fitted.Dimensions {
		d := &fitted.Dimensions[j]
		if len(d.Groups) > 0 {
			continue
		}
		basis := "given"
		if d.Quantiles {
			basis = fmt.Sprintf("%d quantiles", len(d.Parts))
			known := sorted(rows, len(c.Dimensions), j)
			if len(known) == 0 {
				return nil, fault.New(fault.FailedPrecondition, "VARIABLE_EMPTY", "nobody has %s, so that there are no quantiles of it", d.Fact)
			}
			d.Cuts = nil
			for p := 1; p < len(d.Parts); p++ {
				d.Cuts = append(d.Cuts, known[p*len(known)/len(d.Parts)])
			}
			if hasTwice(d.Cuts) || d.Cuts[0] == known[0] {
				out.warn("PARTS_EMPTY", "so many customers have the same %s that some of its %d parts are empty", d.Fact, len(d.Parts))
			}
		}
		out.Cuts = append(out.Cuts, Cut{Fact: d.Fact, At: d.Cuts, Basis: basis})
	}
	branches, err := fitted.cross(nil)
	if err != nil {
		return nil, err
	}
	for _, b := range branches {
		out.Model.Labels = append(out.Model.Labels, b.label)
	}
	out.Model.Labels = append(out.Model.Labels, unknownLabel())
	return out, nil
}

// sorted is what is known of one input of the rows, ascending.
func sorted(rows []float64, width, j int) []float64 {
	known := make([]float64, 0, len(rows)/width)
	for at := j; at < len(rows); at += width {
		if !math.IsNaN(rows[at]) {
			known = append(known, rows[at])
		}
	}
	slices.Sort(known)
	return known
}
