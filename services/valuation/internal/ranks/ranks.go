// Package ranks keeps how a figure is distributed over all customers, small enough
// to be read with every question for a customer's percentile.
package ranks

import (
	"encoding/binary"
	"errors"

	"github.com/kehuhq/kehu/pkg/stat"
)

// Scale is a distribution of whole numbers from 0 on.
type Scale struct{ h stat.Histogram }

// New makes an empty one that tells numbers apart by so many digits.
func New(digits int) *Scale { return &Scale{stat.Histogram{Digits: digits}} }

// Add counts a number; one below 0 counts as 0.
func (s *Scale) Add(v int64) { s.h.Add(max(0, v)) }

// Count is how many numbers there are.
func (s *Scale) Count() int64 { return s.h.Count }

// Percentile is the mid-rank of a number in percent, false where there are none.
func (s *Scale) Percentile(v int64) (float64, bool) { return s.h.PercentileRank(max(0, v)) }

// Bytes is the scale as it is stored: its digits, and runs of empty cells each
// followed by the count of the next.
func (s *Scale) Bytes() []byte {
	b := binary.AppendUvarint(nil, uint64(s.h.Digits))
	empty := uint64(0)
	for _, n := range s.h.Cells {
		if n == 0 {
			empty++
			continue
		}
		b = binary.AppendUvarint(binary.AppendUvarint(b, empty), uint64(n))
		empty = 0
	}
	return b
}

var errBytes = errors.New("stored document: a distribution cannot be read")

// Parse reads what Bytes has written.
func Parse(b []byte) (*Scale, error) {
	digits, n := binary.Uvarint(b)
	if n <= 0 || digits < 1 || digits > stat.MaxDigits {
		return nil, errBytes
	}
	s := New(int(digits))
	most := uint64(s.h.MaxCells())
	for b = b[n:]; len(b) > 0; {
		empty, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errBytes
		}
		count, m := binary.Uvarint(b[n:])
		if m <= 0 || count > 1<<62 || empty >= most || uint64(len(s.h.Cells))+empty >= most {
			return nil, errBytes
		}
		b = b[n+m:]
		s.h.Cells = append(append(s.h.Cells, make([]int64, empty)...), int64(count))
		s.h.Count += int64(count)
	}
	return s, nil
}
