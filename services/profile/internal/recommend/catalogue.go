package recommend

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// entry is what training counts of one item.
type entry struct {
	sku, category          string
	buyers, again, viewers int64
}

// catalogue is what a pass over the customers counts, but for the pairs.
type catalogue struct {
	entries    []entry // in the order in which they were met
	bySKU      map[string]int32
	categories transitions
	terms      map[string]*Gap
	figures    figures
}

// Gap is a search term for which nothing was found.
type Gap struct {
	Searches  int64     `bson:"searches"`
	Customers int64     `bson:"customers"`
	Last      time.Time `bson:"last"`
}

func newCatalogue() *catalogue {
	return &catalogue{bySKU: map[string]int32{}, categories: newTransitions(), terms: map[string]*Gap{}}
}

// ordinal is the place of an item, a new one where it was not met before; false
// where there is no room.
func (c *catalogue) ordinal(sku string) (int32, bool) {
	if at, known := c.bySKU[sku]; known {
		return at, true
	}
	if len(c.entries) >= maxCatalogue {
		return 0, false
	}
	sku = strings.Clone(sku)
	at := int32(len(c.entries))
	c.entries = append(c.entries, entry{sku: sku})
	c.bySKU[sku] = at
	return at, true
}

func (c *catalogue) addTerm(term string, g Gap) {
	all, known := c.terms[term]
	if !known {
		if len(c.terms) >= maxTerms {
			c.figures.Terms += g.Searches
			return
		}
		all = &Gap{}
		c.terms[strings.Clone(term)] = all
	}
	all.Searches += g.Searches
	all.Customers += g.Customers
	all.Last = latest(all.Last, g.Last)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// ranked are the places of the items that a model knows: those with enough
// buyers, the most bought first, at most so many.
func (c *catalogue) ranked(minBuyers int64, most int) []int32 {
	var all []int32
	for i := range c.entries {
		if c.entries[i].buyers >= minBuyers {
			all = append(all, int32(i))
		}
	}
	slices.SortFunc(all, func(a, b int32) int {
		x, y := &c.entries[a], &c.entries[b]
		return cmp.Or(cmp.Compare(y.buyers, x.buyers), cmp.Compare(x.sku, y.sku))
	})
	return all[:min(len(all), most)]
}
