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
//	intervals oldest omitted active n (code len values revenue)×n
//	a histogram: count, and unless that is 0: sum min max cells
//	cells:       n (distance value)×n

// AppendStatistics adds the statistics of a chunk's customers: the same bytes for
// the same numbers.
func AppendStatistics(b []byte, s *domain.Statistics) []byte {
	b = appendHistogram(b, &s.Intervals)
	b = appendInt(b, s.Oldest)
	b = appendInt(b, s.Omitted)
	b = appendCells(b, s.Active)
	b = appendInt(b, int64(len(s.Takings)))
	var part []byte
	for _, code := range slices.Sorted(maps.Keys(s.Takings)) {
		t := s.Takings[code]
		part = appendCells(appendHistogram(part[:0], &t.Values), t.Revenue)
		b = append(b, code[:3]...)
		b = appendInt(b, int64(len(part)))
		b = append(b, part...)
	}
	return b
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
	r.histogram(&to.Intervals)
	to.Oldest = max(to.Oldest, r.uint())
	to.Omitted += r.uint()
	to.Active = r.cells(to.Active, domain.Cells)
	for range r.count() {
		code := r.code()
		part := reader{rest: r.bytes(r.count())}
		if code == currency {
			t := to.In(currency)
			part.histogram(&t.Values)
			t.Revenue = part.cells(t.Revenue, domain.Cells)
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
