package standing

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// instantOf is a generation and the instant that it evaluated, in milliseconds.
type instantOf struct{ generation, at int64 }

// entry is a customer's time in a segment, as a roster has it.
type entry struct {
	customer string // escaped id
	entered  instantOf
	left     instantOf // its generation is 0 while the customer is in
}

// in tells whether the customer is in as of a generation.
func (e *entry) in(generation int64) bool {
	return e.entered.generation <= generation && (e.left.generation == 0 || e.left.generation > generation)
}

// A block is a part of a roster: who is in a segment, and who was in it a moment
// ago, in the order of their escaped ids. It ends where the next begins.
type blockDoc struct{ packed }

// block is a block unpacked.
type block struct {
	id         string
	start      string // the escaped id at which it begins
	version    int64
	meta       docstore.Meta
	generation int64 // of the pass that was the last to change it
	part       int64
	entries    []entry
}

// blockSize is how many entries a new block has; one of more than twice as many is split.
const blockSize = 500

func blockID(born int64, start string) string { return digits(born) + "!" + start }

func (b *block) applied(generation, part int64) bool {
	return b.generation > generation || b.generation == generation && b.part >= part
}

func (b *block) doc() *blockDoc {
	data := append(make([]byte, 0, 64+16*len(b.entries)), layout)
	data = appendInt(appendInt(data, b.generation), b.part)
	points := make(map[instantOf]int64)
	var order []instantOf
	note := func(at instantOf) {
		if _, known := points[at]; !known {
			points[at] = int64(len(order))
			order = append(order, at)
		}
	}
	for _, e := range b.entries {
		note(e.entered)
		if e.left.generation != 0 {
			note(e.left)
		}
	}
	data = appendInt(data, int64(len(order)))
	for _, at := range order {
		data = appendInt(appendInt(data, at.generation), at.at)
	}
	data = appendInt(data, int64(len(b.entries)))
	last := ""
	for _, e := range b.entries {
		data = appendInt(appendNext(data, last, e.customer), points[e.entered])
		last = e.customer
		if e.left.generation == 0 {
			data = appendInt(data, 0)
		} else {
			data = appendInt(data, 1+points[e.left])
		}
	}
	meta := b.meta
	meta.ID = b.id
	return &blockDoc{packed{Meta: meta, Data: data}}
}

func readBlock(d *packed) (*block, error) {
	start, ok := cutBlockID(d.ID)
	r := newReader(d.Data)
	b := &block{id: d.ID, start: start, version: d.Version, meta: d.Meta, generation: r.int(), part: r.int()}
	points := make([]instantOf, r.count())
	for i := range points {
		points[i] = instantOf{r.int(), r.int()}
	}
	b.entries = make([]entry, r.count())
	last := ""
	for i := range b.entries {
		e := &b.entries[i]
		e.customer = r.next(last)
		last = e.customer
		in, out := r.uint(), r.uint()
		if in >= uint64(len(points)) || out > uint64(len(points)) {
			r.damaged = true
			break
		}
		e.entered = points[in]
		if out > 0 {
			e.left = points[out-1]
		}
	}
	if !r.ok() || !ok {
		return nil, fmt.Errorf("roster %s: %w", d.ID, errDamaged)
	}
	return b, nil
}

func cutBlockID(id string) (start string, ok bool) {
	if len(id) < len(digits(0))+1 {
		return "", false
	}
	return id[len(digits(0))+1:], true
}

// trim drops the entries from where the next block begins.
func (b *block) trim(next string) {
	at, _ := slices.BinarySearchFunc(b.entries, next, func(e entry, c string) int { return cmp.Compare(e.customer, c) })
	b.entries = b.entries[:at]
}

// change is a customer's entering or leaving a roster.
type change struct {
	customer string
	entered  bool
}

// apply makes the changes, in the order of customers, and drops who had left by the
// generation floor: nobody can read further back.
func (b *block) apply(changes []change, at instantOf, floor int64) {
	merged := make([]entry, 0, len(b.entries)+len(changes))
	keep := func(e entry) {
		if e.left.generation == 0 || e.left.generation > floor {
			merged = append(merged, e)
		}
	}
	entries := b.entries
	for _, c := range changes {
		for len(entries) > 0 && entries[0].customer < c.customer {
			keep(entries[0])
			entries = entries[1:]
		}
		was := false
		for len(entries) > 0 && entries[0].customer == c.customer {
			e := entries[0]
			entries = entries[1:]
			if e.left.generation == 0 {
				if !c.entered && e.entered.generation == at.generation {
					continue // nobody has seen it
				}
				if was = c.entered; !c.entered {
					e.left = at
				}
			}
			keep(e)
		}
		if c.entered && !was {
			merged = append(merged, entry{customer: c.customer, entered: at})
		}
	}
	for _, e := range entries {
		keep(e)
	}
	b.entries = merged
}

// split takes what is too much for one block into further ones.
func (b *block) split(born int64, size int) (further []*block) {
	if len(b.entries) <= 2*size {
		return nil
	}
	all := b.entries
	cut := func(from int) int {
		to := min(from+size, len(all))
		for to < len(all) && all[to].customer == all[to-1].customer {
			to++ // of one customer in one block
		}
		return to
	}
	to := cut(0)
	b.entries = all[:to]
	for to < len(all) {
		from := to
		if to = cut(from); len(all)-to < size/2 {
			to = len(all)
		}
		start := all[from].customer
		further = append(further, &block{
			id: blockID(born, start), start: start, generation: b.generation, part: b.part, entries: all[from:to],
		})
	}
	return further
}
