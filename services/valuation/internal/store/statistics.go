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
// codes among them as bytes. Keys are written as their distances, the first from
// 0; a map is len (key value)×len. What is counted in a currency is preceded by
// its length in bytes, for one is read and the others are not.
//
//	intervals oldest omitted active n (code len values revenue)×n
//	a histogram: counts, and unless there are none: sum min max

// AppendStatistics adds the statistics of a chunk's customers: the same bytes for
// the same numbers.
func AppendStatistics(b []byte, s *domain.Statistics) []byte {
	b = appendHistogram(b, &s.Intervals)
	b = appendInt(b, s.Oldest)
	b = appendInt(b, s.Omitted)
	b = appendCounts(b, s.Active)
	b = appendInt(b, int64(len(s.Takings)))
	var part []byte
	for _, code := range slices.Sorted(maps.Keys(s.Takings)) {
		t := s.Takings[code]
		part = appendCounts(appendHistogram(part[:0], &t.Values), t.Revenue)
		b = append(b, code[:3]...)
		b = appendInt(b, int64(len(part)))
		b = append(b, part...)
	}
	return b
}

func appendHistogram(b []byte, h *stat.Histogram) []byte {
	b = appendCounts(b, h.Counts)
	if h.Count > 0 {
		b = appendInt(b, h.Sum)
		b = appendInt(b, h.Min)
		b = appendInt(b, h.Max)
	}
	return b
}

func appendCounts(b []byte, counts map[int64]int64) []byte {
	b = appendInt(b, int64(len(counts)))
	last := int64(0)
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		b = appendInt(b, key-last)
		b = appendInt(b, counts[key])
		last = key
	}
	return b
}

func appendInt(b []byte, v int64) []byte { return binary.AppendUvarint(b, uint64(v)) }

var errStatistics = errors.New("stored document: the statistics of a chunk cannot be read")

// Counted returns the statistics of the chunk's customers, of their orders in one
// currency. It is nil for a chunk written by a version that kept none.
func (c Chunk) Counted(currency string) (*domain.Statistics, error) {
	if len(c.Statistics) == 0 {
		return nil, nil
	}
	r := reader{rest: c.Statistics, codes: make(map[string]string)}
	s := new(domain.Statistics)
	r.histogram(&s.Intervals)
	s.Oldest, s.Omitted = r.uint(), r.uint()
	s.Active = r.counts()
	for range r.count() {
		code := r.code()
		part := reader{rest: r.bytes(r.count())}
		if code == currency {
			t := s.In(code)
			part.histogram(&t.Values)
			t.Revenue = part.counts()
			r.failed = r.failed || part.failed || len(part.rest) > 0
		}
	}
	if r.failed || len(r.rest) > 0 {
		return nil, errStatistics
	}
	return s, nil
}

func (r *reader) histogram(h *stat.Histogram) {
	h.Counts = r.counts()
	for _, n := range h.Counts {
		h.Count += n
	}
	if len(h.Counts) > 0 {
		h.Sum, h.Min, h.Max = r.uint(), r.uint(), r.uint()
	}
}

func (r *reader) counts() map[int64]int64 {
	n := r.count()
	counts := make(map[int64]int64, n)
	key := int64(0)
	for range n {
		key += r.uint()
		counts[key] = r.uint()
		if r.failed {
			return nil
		}
	}
	return counts
}

func (r *reader) uint() int64 {
	v, n := binary.Uvarint(r.rest)
	return int64(v) * int64(r.skip(n))
}
