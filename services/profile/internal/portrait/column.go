// Package portrait counts how the values of an attribute are spread over a group
// of customers and over the base that the group is part of: pure computation.
package portrait

import (
	"cmp"
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/profile/internal/condition"
)

// MaxValues is the most distinct values of an attribute in categories that are
// counted by themselves.
const MaxValues = 10_000

// Binning is how values make bins.
type Binning struct {
	// Edges of numbers, ascending: a bin below the first, one from each edge up to
	// the next, one from the last on.
	Edges []float64
	// Quantiles is the number of bins that the base's numbers are to be spread over
	// evenly; equal values stay together, so that there can be fewer.
	Quantiles int
	// Without either every value is a bin, and Most is how many of them are told.
	Most int
}

// BinKind is what a bin holds.
type BinKind uint8

// The kinds of bins.
const (
	Category BinKind = iota + 1
	Interval         // numbers from Lower up to, but not including, Upper
	Others           // the values that are not told by themselves
	Unknown          // customers without the attribute
)

// Bin is the customers with certain values.
type Bin struct {
	Kind  BinKind
	Label string // of a category
	// Lower and Upper are −Inf and +Inf where the bin is open.
	Lower, Upper float64
	Group, Base  int64
	// Suppressed bins hold too few, or would tell of others that do.
	Suppressed bool
}

// scale is how finely the numbers of quantile bins are told apart.
const scale = 1000

// Column counts the values of one attribute. It is for one goroutine.
type Column struct {
	binning     Binning
	unknown     pair
	overflow    pair
	values      map[string]*pair
	edges       []pair
	group, base stat.Histogram
	negative    pair
}

type pair struct{ group, base int64 }

func (p *pair) add(inGroup bool) {
	p.base++
	if inGroup {
		p.group++
	}
}

// NewColumn makes a column without customers.
func NewColumn(b Binning) *Column {
	c := &Column{binning: b, values: map[string]*pair{}}
	c.group.Digits, c.base.Digits = stat.MaxDigits, stat.MaxDigits
	if len(b.Edges) > 0 {
		c.edges = make([]pair, len(b.Edges)+1)
	}
	return c
}

// Add counts a customer of the base. One with several values, as interests are,
// counts in the bin of each.
func (c *Column) Add(v condition.Value, inGroup bool) {
	numbers := len(c.edges) > 0 || c.binning.Quantiles > 0
	switch {
	case v.Kind == condition.Missing, numbers && v.Kind != condition.Number:
		c.unknown.add(inGroup)
	case len(c.edges) > 0:
		at, found := slices.BinarySearch(c.binning.Edges, v.Number)
		if found {
			at++
		}
		c.edges[at].add(inGroup)
	case c.binning.Quantiles > 0:
		c.addNumber(v.Number, inGroup)
	case v.Kind == condition.List:
		for _, value := range v.List {
			c.addValue(value, inGroup)
		}
	default:
		c.addValue(v.String(), inGroup)
	}
}

func (c *Column) addNumber(n float64, inGroup bool) {
	if n < 0 {
		c.negative.add(inGroup)
		return
	}
	scaled := int64(min(math.Round(n*scale), 1<<62))
	c.base.Add(scaled)
	if inGroup {
		c.group.Add(scaled)
	}
}

func (c *Column) addValue(value string, inGroup bool) {
	p := c.values[value]
	if p == nil {
		if len(c.values) >= MaxValues {
			c.overflow.add(inGroup)
			return
		}
		p = &pair{}
		c.values[value] = p
	}
	p.add(inGroup)
}

// Bins are the bins in their order: numbers ascending, categories by how many of
// the base have them; then others, then unknown. None is suppressed yet.
func (c *Column) Bins() ([]Bin, error) {
	var bins []Bin
	switch {
	case len(c.edges) > 0:
		bins = c.edgeBins()
	case c.binning.Quantiles > 0:
		var err error
		if bins, err = c.quantileBins(); err != nil {
			return nil, err
		}
	default:
		bins = c.categories()
	}
	if c.unknown.base > 0 {
		bins = append(bins, Bin{Kind: Unknown, Group: c.unknown.group, Base: c.unknown.base})
	}
	return bins, nil
}

func (c *Column) edgeBins() []Bin {
	bins := make([]Bin, len(c.edges))
	lower := math.Inf(-1)
	for i, p := range c.edges {
		upper := math.Inf(1)
		if i < len(c.binning.Edges) {
			upper = c.binning.Edges[i]
		}
		bins[i] = Bin{Kind: Interval, Lower: lower, Upper: upper, Group: p.group, Base: p.base}
		lower = upper
	}
	return bins
}

// quantileBins cuts where the quantiles of the base lie. A cut is the first value
// of a cell of the histogram, so that the counts on either side of it are exact.
func (c *Column) quantileBins() ([]Bin, error) {
	var bins []Bin
	if c.negative.base > 0 {
		bins = append(bins, Bin{Kind: Interval, Lower: math.Inf(-1), Group: c.negative.group, Base: c.negative.base})
	}
	if c.base.Count == 0 {
		return bins, nil
	}
	edges := []int64{0}
	for i := 1; i < c.binning.Quantiles; i++ {
		cut := c.base.Quantiles(100 * i / c.binning.Quantiles)[0].Value
		if cut > c.base.Min && cut > edges[len(edges)-1] {
			edges = append(edges, cut)
		}
	}
	base, err := c.base.Bins(edges)
	if err != nil {
		return nil, err
	}
	group, err := c.group.Bins(edges)
	if err != nil {
		return nil, err
	}
	for i := range base {
		bin := Bin{Kind: Interval, Lower: float64(base[i].Lower) / scale, Upper: math.Inf(1), Base: base[i].Count, Group: group[i].Count}
		if i+1 < len(base) {
			bin.Upper = float64(base[i].Upper) / scale
		}
		bins = append(bins, bin)
	}
	return bins, nil
}

func (c *Column) categories() []Bin {
	bins := make([]Bin, 0, len(c.values))
	for value, p := range c.values {
		bins = append(bins, Bin{Kind: Category, Label: value, Group: p.group, Base: p.base})
	}
	slices.SortFunc(bins, func(a, b Bin) int { return cmp.Or(cmp.Compare(b.Base, a.Base), cmp.Compare(a.Label, b.Label)) })
	others := Bin{Kind: Others, Group: c.overflow.group, Base: c.overflow.base}
	if len(bins) > c.binning.Most {
		for _, b := range bins[c.binning.Most:] {
			others.Group += b.Group
			others.Base += b.Base
		}
		bins = bins[:c.binning.Most]
	}
	if others.Base > 0 {
		bins = append(bins, others)
	}
	return bins
}
