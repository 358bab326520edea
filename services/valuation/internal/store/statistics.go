package store

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// The statistics of a chunk are a row of unsigned varints too, the currency
// codes among them as bytes. Of cells those are written that are not 0, each
// behind its distance from the one before. What is counted in a currency is
// preceded by its length in bytes, for one is read and the others are not.
//
//	gaps grid×2 n (code len values cells×2)×n
//	gaps:        a histogram×4
//	a grid:      oldest omitted cells×4
//	a histogram: count, and unless that is 0: sum min max cells
//	cells:       n (distance value)×n

// AppendStatistics adds the statistics of a chunk's customers: the same bytes for
// the same numbers.
func AppendStatistics(b []byte, s *domain.Statistics) []byte {
	b = appendGaps(b, &s.Gaps)
	for i := range s.Grids {
		b = appendGrid(b, &s.Grids[i])
	}
	b = appendInt(b, int64(len(s.Takings)))
	var part []byte
	for _, code := range slices.Sorted(maps.Keys(s.Takings)) {
		t := s.Takings[code]
		part = appendHistogram(part[:0], &t.Values)
		for _, cells := range t.Revenue {
			part = appendCells(part, cells)
		}
		b = append(b, code[:3]...)
		b = appendInt(b, int64(len(part)))
		b = append(b, part...)
	}
	return b
}

func appendGaps(b []byte, g *domain.Gaps) []byte {
	for _, h := range g.Each() {
		b = appendHistogram(b, h)
	}
	return b
}

func appendGrid(b []byte, g *domain.Grid) []byte {
	b = appendInt(b, g.Oldest)
	b = appendInt(b, g.Omitted)
	b = appendCells(b, g.Active)
	b = appendCells(b, g.Last)
	b = appendCells(b, g.Back)
	return appendCells(b, g.Repeated)
}

func appendHistogram(b []byte, h *stat.Histogram) []byte {
	b = appendInt(b, h.Count)
	if h.Count == 0 {
		return b
	}
	b = appendInt(b, h.Sum)
	b = appendInt(b, h.Min)
	b = appendInt(b, h.Max)
	return appendCells(b, h.Cells)
}

func appendCells(b []byte, cells []int64) []byte {
	n := 0
	for _, v := range cells {
		if v != 0 {
			n++
		}
	}
	b = appendInt(b, int64(n))
	last := 0
	for cell, v := range cells {
		if v != 0 {
			b = appendInt(b, int64(cell-last))
			b = appendInt(b, v)
			last = cell
		}
	}
	return b
}

func appendInt(b []byte, v int64) []byte { return binary.AppendUvarint(b, uint64(v)) }

var errStatistics = errors.New("stored document: the statistics of a chunk cannot be read")

// AddStatistics adds the statistics of the chunk's customers to those of others,
// with their orders in one currency. There must be some: chunks that older
// versions wrote have none.
func (c Chunk) AddStatistics(to *domain.Statistics, currency string) error {
	r := reader{rest: c.Statistics, codes: make(map[string]string)}
	r.gaps(&to.Gaps)
	for i := range to.Grids {
		r.grid(&to.Grids[i])
	}
	for range r.count() {
		code := r.code()
		part := reader{rest: r.bytes(r.count())}
		if code == currency {
			t := to.In(currency)
			part.histogram(&t.Values)
			for p := range t.Revenue {
				t.Revenue[p] = part.cells(t.Revenue[p], domain.Cells)
			}
			r.failed = r.failed || part.failed || len(part.rest) > 0
		}
		if r.failed {
			break
		}
	}
	if r.failed || len(r.rest) > 0 {
		return errStatistics
	}
	return nil
}

// gaps adds gaps to others.
func (r *reader) gaps(to *domain.Gaps) {
	for _, h := range to.Each() {
		r.histogram(h)
	}
}

// grid adds a grid to another.
func (r *reader) grid(to *domain.Grid) {
	to.Oldest = max(to.Oldest, r.uint())
	to.Omitted += r.uint()
	to.Active = r.cells(to.Active, domain.Cells)
	to.Last = r.cells(to.Last, domain.Cells)
	to.Back = r.cells(to.Back, domain.Cells)
	to.Repeated = r.cells(to.Repeated, domain.CohortsFollowed)
}

// histogram adds a histogram to another.
func (r *reader) histogram(to *stat.Histogram) {
	part := stat.Histogram{Digits: to.Digits, Count: r.uint()}
	if part.Count == 0 {
		return
	}
	part.Sum, part.Min, part.Max = r.uint(), r.uint(), r.uint()
	to.Merge(&part)
	to.Cells = r.cells(to.Cells, to.MaxCells())
}

// cells adds cells to others, of which there may be so many.
func (r *reader) cells(to []int64, most int) []int64 {
	cell := 0
	for range r.count() {
		distance, v := r.uint(), r.uint()
		if r.failed || distance < 0 || distance >= int64(most-cell) {
			r.failed = true
			break
		}
		cell += int(distance)
		to = domain.Widen(to, cell+1)
		to[cell] += v
	}
	return to
}

func (r *reader) uint() int64 {
	v, n := binary.Uvarint(r.rest)
	return int64(v) * int64(r.skip(n))
}
