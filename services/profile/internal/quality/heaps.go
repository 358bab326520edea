package quality

import (
	"hash/maphash"
	"strings"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Heaps counts values that many records share. It holds a number per value, some
// 30 bytes for each person with a name and a birth date and for each address.
type Heaps struct {
	births  map[domain.BirthDate]int64
	dated   int64 // customers with a whole birth date
	persons map[uint64]int32
	places  map[uint64]int32
}

// NewHeaps counts nothing yet.
func NewHeaps() *Heaps {
	return &Heaps{
		births: map[domain.BirthDate]int64{}, persons: map[uint64]int32{}, places: map[uint64]int32{},
	}
}

// seed makes the hashes of one process comparable; they are never stored.
var seed = maphash.MakeSeed()

// Add counts a customer.
func (h *Heaps) Add(c *domain.Customer) {
	if c.BirthDate.Year != 0 {
		h.births[c.BirthDate]++
		h.dated++
	}
	if key, ok := nameAndBirth(c); ok {
		h.persons[key]++
	}
	seen := map[uint64]struct{}{}
	for _, a := range c.PostalAddresses {
		if key, ok := h.place(a); ok {
			if _, twice := seen[key]; !twice {
				seen[key] = struct{}{}
				h.places[key]++
			}
		}
	}
}

// A birth date is a heap where at least heapAtLeast customers have it and more
// than one in heapOneIn of all dated: some 36,000 days have customers born on
// them, so that even the most common real one is far from that.
const (
	heapAtLeast = 20
	heapOneIn   = 100
)

func (h *Heaps) birthDate(d domain.BirthDate) bool {
	n := h.births[d]
	return n >= heapAtLeast && n*heapOneIn > h.dated
}

// sharedBy is the most customers that an address can be expected to have.
const sharedBy = 20

func (h *Heaps) address(a domain.PostalAddress) bool {
	key, ok := h.place(a)
	return ok && h.places[key] > sharedBy
}

func (h *Heaps) place(a domain.PostalAddress) (uint64, bool) {
	if a.Line == "" {
		return 0, false
	}
	return maphash.String(seed, folded(a.City)+"\x00"+folded(a.Line)), true
}

func nameAndBirth(c *domain.Customer) (uint64, bool) {
	if c.DisplayName == "" || c.BirthDate.Year == 0 || c.Kind == domain.Enterprise || c.Kind == domain.Government {
		return 0, false
	}
	return maphash.String(seed, folded(c.DisplayName)+"\x00"+c.BirthDate.String()), true
}

// folded makes texts equal that differ in case and spaces alone.
func folded(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }
