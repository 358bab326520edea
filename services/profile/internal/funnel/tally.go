package funnel

import (
	"cmp"
	"slices"

	"github.com/kehuhq/kehu/pkg/stat"
)

// MaxGroups is the most values of a break-down that are counted.
const MaxGroups = 10_000

// Counts is how many customers came how far.
type Counts struct {
	// Reached is by required step: the customers whose attempt passed it and all
	// before it (with AnyOrder: that many steps).
	Reached []int64
	// Passed is by step, optional ones included: the customers whose attempt passed it.
	Passed []int64
	// Open is by required step passed last: those who went no further, and whose
	// conversion window was not over yet.
	Open []int64
}

// Tally adds up the attempts of customers. It is for one goroutine.
type Tally struct {
	def      Definition
	required []int
	asOfMS   int64

	All    Counts
	Groups map[string]*Counts // by value of the break-down
	// Overflow are the customers with a value of the break-down that came when
	// MaxGroups were there.
	Overflow int64
	// Times is by required step: milliseconds from the one passed before it (with
	// AnyOrder: in the order in which they were passed). Of the first there are none.
	Times []stat.Histogram
	// Total is milliseconds from the first step to the last, of conversions.
	Total stat.Histogram
	order []int64
}

// NewTally makes a tally of what a finder finds. asOfMS is the instant up to which
// events are known.
func NewTally(f *Finder, asOfMS int64) *Tally {
	t := &Tally{
		def: f.def, required: f.required, asOfMS: asOfMS,
		Groups: map[string]*Counts{}, Times: make([]stat.Histogram, len(f.required)),
		Total: stat.Histogram{Digits: stat.MaxDigits},
	}
	for i := range t.Times {
		t.Times[i].Digits = stat.MaxDigits
	}
	t.All = t.counts()
	return t
}

func (t *Tally) counts() Counts {
	return Counts{
		Reached: make([]int64, len(t.required)), Passed: make([]int64, t.def.Steps),
		Open: make([]int64, len(t.required)),
	}
}

// Add counts a customer's best attempt, in the group of a value where the funnel
// is broken down. An attempt of depth 0 counts nowhere.
func (t *Tally) Add(a Attempt, beganMS int64, brokenDown bool, value string) {
	if a.Depth == 0 {
		return
	}
	open := a.Depth < len(t.required) && beganMS+t.def.WindowMS >= t.asOfMS
	t.All.add(a, open)
	if brokenDown {
		group := t.Groups[value]
		switch {
		case group == nil && len(t.Groups) >= MaxGroups:
			t.Overflow++
		case group == nil:
			c := t.counts()
			group = &c
			t.Groups[value] = group
			fallthrough
		default:
			group.add(a, open)
		}
	}
	t.addTimes(a)
}

func (c *Counts) add(a Attempt, open bool) {
	for k := range a.Depth {
		c.Reached[k]++
	}
	for step, at := range a.TimesMS {
		if at != NotPassed {
			c.Passed[step]++
		}
	}
	if open {
		c.Open[a.Depth-1]++
	}
}

// Add adds the counts of other customers.
func (c *Counts) Add(other *Counts) {
	for _, pair := range [][2][]int64{{c.Reached, other.Reached}, {c.Passed, other.Passed}, {c.Open, other.Open}} {
		for i, n := range pair[1] {
			pair[0][i] += n
		}
	}
}

func (t *Tally) addTimes(a Attempt) {
	t.order = t.order[:0]
	for _, step := range t.required {
		if at := a.TimesMS[step]; at != NotPassed {
			t.order = append(t.order, at)
		}
	}
	if t.def.Order == AnyOrder {
		slices.Sort(t.order)
	}
	for k := 1; k < len(t.order); k++ {
		t.Times[k].Add(t.order[k] - t.order[k-1])
	}
	if a.Depth == len(t.required) {
		t.Total.Add(t.order[len(t.order)-1] - t.order[0])
	}
}

// Group is the counts of one value of the break-down.
type Group struct {
	Value string
	Counts
}

// Largest returns the groups with most customers, up to a number of them, and
// what the others come to, nil where there are no others.
func (t *Tally) Largest(most int) (groups []Group, others *Counts) {
	for value, counts := range t.Groups {
		groups = append(groups, Group{value, *counts})
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Reached[0], a.Reached[0]), cmp.Compare(a.Value, b.Value))
	})
	if len(groups) <= most {
		return groups, nil
	}
	sum := t.counts()
	for i := range groups[most:] {
		sum.Add(&groups[most+i].Counts)
	}
	return groups[:most], &sum
}
