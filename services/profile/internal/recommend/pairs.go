package recommend

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// neighbour is an item that is bought by those who bought, or looked at, another.
type neighbour struct {
	item int32   // its rank in the model
	both int64   // customers who did the one and bought the other
	gain float64 // what the one adds to the share of the other; see gain
}

// gain is what having bought or looked at an item adds to the share of customers
// who buy another: of n who did, both bought the other, which the share p of all
// customers buys, and κ more are taken to have bought as all do:
//
//	e(i→j) = (n_ij + κ·p_j)/(n_i + κ) − p_j = (n_ij − n_i·p_j)/(n_i + κ)
//
// It is the conditional-probability similarity of Deshpande and Karypis (2004),
// "Item-based top-N recommendation algorithms", ACM TOIS 22(1), 143–177, as an
// m-estimate (Cestnik 1990) and less the base rate, so that what everybody buys
// goes with nothing in particular.
func gain(n, both int64, p, kappa float64) float64 {
	if n == 0 {
		return 0
	}
	return (float64(both) - float64(n)*p) / (float64(n) + kappa)
}

// leastTogether is how many customers a pair must at least be seen with.
const leastTogether = 2

// ranking is the items of a model by rank, and where an item of the catalogue is
// in it; -1 where it is left out.
type ranking struct {
	places []int32 // in the catalogue, by rank
	rankOf []int32 // by place in the catalogue
}

func newRanking(c *catalogue, p *Policy) *ranking {
	r := &ranking{places: c.ranked(p.MinBuyers, p.MaxItems), rankOf: make([]int32, len(c.entries))}
	for i := range r.rankOf {
		r.rankOf[i] = -1
	}
	for rank, place := range r.places {
		r.rankOf[place] = int32(rank)
	}
	return r
}

// counts are, for the items of a block of ranks, with how many customers each
// was bought or looked at together with a purchase of each item of the model.
type counts struct {
	low, high, width int
	bought, viewed   []uint32 // row by row
}

func newCounts(low, high, width int, views bool) *counts {
	c := &counts{low: low, high: high, width: width, bought: make([]uint32, (high-low)*width)}
	if views {
		c.viewed = make([]uint32, (high-low)*width)
	}
	return c
}

// blockSize is how many items' counts make so many cells.
func blockSize(items int, views bool, cells int) int {
	if views {
		items *= 2
	}
	return max(1, cells/max(items, 1))
}

// add counts one customer, whose items are given by rank.
func (c *counts) add(bought, viewed []int32) {
	c.fill(c.bought, bought, bought)
	if c.viewed != nil {
		c.fill(c.viewed, viewed, bought)
	}
}

func (c *counts) fill(cells []uint32, of, bought []int32) {
	for _, i := range of {
		if int(i) < c.low || int(i) >= c.high {
			continue
		}
		line := cells[(int(i)-c.low)*c.width:][:c.width]
		for _, j := range bought {
			line[j]++
		}
	}
}

// neighbours are the items that item i adds the most to, at most so many. n is
// how many customers bought (or looked at) item i; self says whether the item
// itself can be among them.
func neighbours(line []uint32, i int, self bool, n int64, base func(int) float64, p *Policy) []neighbour {
	var all []neighbour
	for j, both := range line {
		if both < leastTogether || j == i && !self {
			continue
		}
		if e := gain(n, int64(both), base(j), p.Smoothing); e > 0 {
			all = append(all, neighbour{int32(j), int64(both), e})
		}
	}
	slices.SortFunc(all, func(a, b neighbour) int { return cmp.Or(cmp.Compare(b.gain, a.gain), cmp.Compare(a.item, b.item)) })
	return all[:min(len(all), p.Neighbours)]
}

// pack writes neighbours without their gains, which follow from the counts.
func pack(all []neighbour) []byte {
	var b []byte
	for _, n := range all {
		b = binary.AppendUvarint(b, uint64(n.item))
		b = binary.AppendUvarint(b, uint64(n.both))
	}
	return b
}

// unpack reads what pack wrote; false where that is damaged.
func unpack(b []byte) (all []neighbour, ok bool) {
	for len(b) > 0 {
		item, size := binary.Uvarint(b)
		if size <= 0 || item > maxCatalogue {
			return nil, false
		}
		b = b[size:]
		both, size := binary.Uvarint(b)
		if size <= 0 {
			return nil, false
		}
		b = b[size:]
		all = append(all, neighbour{item: int32(item), both: int64(both)})
	}
	return all, true
}
