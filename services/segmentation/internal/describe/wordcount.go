package describe

import (
	"slices"
	"strings"
)

// categories count words by segment; the first MaxCategories of them each by itself.
type categories struct {
	place   map[string]int
	values  []string
	counts  [][]int64 // by word, then segment
	known   []int64   // by segment
	unnamed int64     // customers with a later word
}

func (c *categories) add(segment int, word string) {
	c.known[segment]++
	if len(word) > maxText {
		word = strings.ToValidUTF8(word[:maxText], "") + "…"
	}
	at, met := c.place[word]
	if !met {
		if len(c.values) == MaxCategories {
			c.unnamed++
			return
		}
		at, word = len(c.values), strings.Clone(word)
		c.place[word] = at
		c.values, c.counts = append(c.values, word), append(c.counts, make([]int64, len(c.known)))
	}
	c.counts[at][segment]++
}

func (c *categories) trait(v Variable, segment int) Trait {
	t := Trait{Variable: v, InsideKnown: c.known[segment]}
	for s, n := range c.known {
		if s != segment {
			t.OutsideKnown += n
		}
	}
	for at, word := range c.values {
		count := Category{Value: word, Inside: c.counts[at][segment]}
		for s, n := range c.counts[at] {
			if s != segment {
				count.Outside += n
			}
		}
		t.Categories = append(t.Categories, count)
	}
	slices.SortFunc(t.Categories, func(a, b Category) int { return strings.Compare(a.Value, b.Value) })
	return t
}
