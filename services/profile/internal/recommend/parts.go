package recommend

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// part is what some customers, one behind the other, add to a catalogue. Training
// stages what it has read as parts, so that the counts of pairs, which take
// several passes, and a training that goes on elsewhere see the same customers.
// Nobody is named in them: a customer is a list of places in the catalogue.
type part struct {
	docstore.Meta `bson:",inline"`
	Rows          []byte    `bson:"rows"`
	SKUs          []string  `bson:"skus"`  // items met here for the first time
	Labels        []label   `bson:"label"` // items that got a category, or another one
	Names         []string  `bson:"names"` // categories met here for the first time
	Steps         []step    `bson:"steps"`
	Terms         []termGap `bson:"terms"`
	Figures       figures   `bson:"figures"`
}

type termGap struct {
	Term string `bson:"term"`
	Gap  `bson:",inline"`
}

type label struct {
	Item     int32  `bson:"i"`
	Category string `bson:"c"`
}

// row is a customer in a part: places of items, ascending.
type row struct {
	bought []int32
	again  []bool // for each of bought
	viewed []int32
}

// appendRow packs a row: how many were bought, each as the distance to the one
// before with a bit for again, and the same for what was looked at.
func appendRow(b []byte, r row) []byte {
	b = binary.AppendUvarint(b, uint64(len(r.bought)))
	last := int32(0)
	for i, at := range r.bought {
		packed := uint64(at-last) << 1
		if r.again[i] {
			packed |= 1
		}
		b, last = binary.AppendUvarint(b, packed), at
	}
	b = binary.AppendUvarint(b, uint64(len(r.viewed)))
	last = 0
	for _, at := range r.viewed {
		b, last = binary.AppendUvarint(b, uint64(at-last)), at
	}
	return b
}

var errPart = errors.New("a staged part of a training is damaged")

// each calls take for each row. The row is valid until take returns.
func (p *part) each(take func(*row)) error {
	var r row
	b := p.Rows
	number := func() (uint64, bool) {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			return 0, false
		}
		b = b[size:]
		return n, true
	}
	for len(b) > 0 {
		r.bought, r.again, r.viewed = r.bought[:0], r.again[:0], r.viewed[:0]
		n, ok := number()
		last := int32(0)
		for ; ok && n > 0; n-- {
			var packed uint64
			packed, ok = number()
			last += int32(packed >> 1)
			r.bought, r.again = append(r.bought, last), append(r.again, packed&1 == 1)
		}
		if ok {
			n, ok = number()
		}
		last = 0
		for ; ok && n > 0; n-- {
			var step uint64
			step, ok = number()
			last += int32(step)
			r.viewed = append(r.viewed, last)
		}
		if !ok {
			return errPart
		}
		take(&r)
	}
	return nil
}

// absorb adds a part to a catalogue.
func (c *catalogue) absorb(p *part) error {
	for _, sku := range p.SKUs {
		c.ordinal(sku)
	}
	for _, name := range p.Names {
		c.categories.ordinal(name)
	}
	for _, l := range p.Labels {
		if int(l.Item) >= len(c.entries) {
			return errPart
		}
		c.entries[l.Item].category = l.Category
	}
	whole := true
	if err := p.each(func(r *row) { whole = c.count(r) && whole }); err != nil {
		return err
	}
	for _, s := range p.Steps {
		whole = c.categories.add(s) && whole
	}
	if !whole {
		return errPart
	}
	for _, t := range p.Terms {
		c.addTerm(t.Term, t.Gap)
	}
	c.figures.add(p.Figures)
	return nil
}

// count adds a row to the counts of its items; false where it names one that
// there is not.
func (c *catalogue) count(r *row) bool {
	for _, list := range [][]int32{r.bought, r.viewed} {
		if len(list) > 0 && int(slices.Max(list)) >= len(c.entries) {
			return false
		}
	}
	for i, at := range r.bought {
		c.entries[at].buyers++
		if r.again[i] {
			c.entries[at].again++
		}
	}
	for _, at := range r.viewed {
		c.entries[at].viewers++
	}
	return true
}

// figures are what is told of a model beside its items.
type figures struct {
	Customers  int64 `bson:"customers"` // with an order
	Orders     int64 `bson:"orders"`
	Views      int64 `bson:"views"`      // one per customer and item
	Lookers    int64 `bson:"lookers"`    // customers with events
	Cut        int64 `bson:"cut"`        // customers of whom only the items bought last count
	Items      int64 `bson:"items"`      // times an item was met that there was no room for
	Categories int64 `bson:"categories"` // the same of categories
	Terms      int64 `bson:"terms"`      // searches for terms that there was no room for
	Withheld   int64 `bson:"withheld"`   // customers who do not want to be learnt from
}

func (f *figures) add(g figures) {
	f.Customers += g.Customers
	f.Orders += g.Orders
	f.Views += g.Views
	f.Lookers += g.Lookers
	f.Cut += g.Cut
	f.Items += g.Items
	f.Categories += g.Categories
	f.Terms += g.Terms
	f.Withheld += g.Withheld
}
