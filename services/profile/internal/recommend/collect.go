package recommend

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/width"

	"github.com/kehuhq/kehu/services/profile/internal/cursor"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// collector reads customers, one behind the other, into parts.
type collector struct {
	catalogue *catalogue
	zone      *time.Location
	part      *part
	labels    map[int32]string
	steps     steps
	terms     map[string]*Gap
	customers int // read into the part
	bytes     int // of names of items and search terms in it
}

// full tells whether the part is to be flushed: it must stay well below what a
// document can hold.
func (c *collector) full(most int) bool {
	return c.customers >= most || c.bytes+len(c.part.Rows) >= partBytes
}

func newCollector(c *catalogue, zone *time.Location) *collector {
	col := &collector{catalogue: c, zone: zone}
	col.begin()
	return col
}

func (c *collector) begin() {
	c.part, c.labels, c.steps, c.terms = &part{}, map[int32]string{}, steps{}, map[string]*Gap{}
	c.customers, c.bytes = 0, 0
}

// take reads one customer.
func (c *collector) take(h *history, d *Deeds) {
	c.customers++
	f := &c.part.Figures
	if h.orders > 0 {
		f.Customers++
		f.Orders += h.orders
	}
	if h.cut(maxHistory) {
		f.Cut++
	}
	if d != nil {
		f.Lookers++
		c.searched(d.Searches)
		for _, sku := range d.Views {
			if len(h.viewed) < maxHistory {
				h.viewed[sku] = struct{}{}
			}
		}
	}
	var r row
	for _, at := range c.places(h.sorted()) {
		r.bought = append(r.bought, at)
		r.again = append(r.again, h.items[c.catalogue.entries[at].sku].again())
	}
	r.viewed = c.places(sortedKeys(h.viewed))
	f.Views += int64(len(r.viewed))
	if len(r.bought)+len(r.viewed) > 0 {
		c.part.Rows = appendRow(c.part.Rows, r)
	}
	c.categories(h)
}

// places are those of items, ascending; new ones where they were not met before.
func (c *collector) places(skus []string) []int32 {
	var all []int32
	for _, sku := range skus {
		met := len(c.catalogue.entries)
		at, room := c.catalogue.ordinal(sku)
		if !room {
			c.part.Figures.Items++
			continue
		}
		if int(at) == met {
			c.part.SKUs = append(c.part.SKUs, c.catalogue.entries[at].sku)
			c.bytes += len(sku)
		}
		all = append(all, at)
	}
	slices.Sort(all)
	return all
}

// categories counts a customer's days, and keeps which item is in which category.
func (c *collector) categories(h *history) {
	for sku, name := range h.labels {
		at, known := c.catalogue.bySKU[sku]
		if known && c.catalogue.entries[at].category != name && c.labels[at] != name {
			c.labels[at] = strings.Clone(name)
			c.bytes += len(name)
		}
	}
	t := &c.catalogue.categories
	var before []int32
	for i, day := range h.daysInOrder() {
		var now []int32
		for _, name := range sortedKeys(h.days[day]) {
			met := len(t.names)
			at, room := t.ordinal(name)
			if !room {
				c.part.Figures.Categories++
				continue
			}
			if int(at) == met {
				c.part.Names = append(c.part.Names, t.names[at])
			}
			now = append(now, at)
		}
		if i > 0 {
			c.steps.pair(before, now)
		}
		before = now
	}
}

// searched counts one customer's searches without a result.
func (c *collector) searched(searches []Search) {
	own := map[string]bool{}
	for _, s := range searches {
		term := tidyTerm(s.Term)
		if term == "" {
			continue
		}
		if c.terms[term] == nil {
			c.terms[term] = &Gap{}
			c.bytes += len(term)
		}
		g := c.terms[term]
		g.Searches++
		g.Last = latest(g.Last, s.Time)
		if !own[term] {
			own[term] = true
			g.Customers++
		}
	}
}

// tidyTerm is a search term without what does not make it another: case, width
// of characters, spaces.
func tidyTerm(term string) string {
	return strings.Join(strings.Fields(strings.ToLower(width.Fold.String(term))), " ")
}

// flush ends the part and adds it to the catalogue.
func (c *collector) flush() (*part, error) {
	p := c.part
	for _, at := range sortedKeys(c.labels) {
		p.Labels = append(p.Labels, label{at, c.labels[at]})
	}
	for key, n := range c.steps {
		p.Steps = append(p.Steps, step{key[0], key[1], n})
	}
	for _, term := range sortedKeys(c.terms) {
		p.Terms = append(p.Terms, termGap{term, *c.terms[term]})
	}
	c.begin()
	return p, c.catalogue.absorb(p)
}

// customer is one to be read.
type customer struct {
	key     string // escaped id
	history *history
	deeds   *Deeds
}

// joined yields the customers of a span that bought or did anything, in the order
// of their escaped ids.
func joined(baskets iter.Seq2[*store.Basket, error], deeds iter.Seq2[*Deeds, error], zone *time.Location) iter.Seq2[customer, error] {
	return func(yield func(customer, error) bool) {
		beside := cursor.Over(deeds)
		defer beside.Stop()
		// until yields the customers with deeds and without orders before a key; not
		// ok is the end of all.
		until := func(key string, all bool) (d *Deeds, ok bool) {
			for {
				d, more, err := beside.Head()
				if err != nil {
					yield(customer{}, err)
					return nil, false
				}
				if !more || !all && d.CustomerKey >= key {
					return d, true
				}
				if !yield(customer{d.CustomerKey, newHistory(), d}, nil) {
					return nil, false
				}
				beside.Advance()
			}
		}
		emit := func(c customer) bool {
			d, ok := until(c.key, false)
			if !ok {
				return false
			}
			if d != nil && d.CustomerKey == c.key {
				c.deeds = d
				beside.Advance()
			}
			return yield(c, nil)
		}
		var c customer
		for b, failed := range baskets {
			if failed != nil {
				yield(customer{}, failed)
				return
			}
			if c.history == nil || b.CustomerKey != c.key {
				if c.history != nil && !emit(c) {
					return
				}
				c = customer{key: b.CustomerKey, history: newHistory()}
			}
			c.history.add(b, zone)
		}
		if c.history != nil && !emit(c) {
			return
		}
		until("", true)
	}
}

// noDeeds are those of a shop without events.
func noDeeds(context.Context) iter.Seq2[*Deeds, error] {
	return func(func(*Deeds, error) bool) {}
}
