package recommend

import (
	"cmp"
	"slices"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// bought is what a customer's orders say of one item.
type bought struct {
	first, last int32 // days since 1970-01-01 in the model's zone
}

// again tells whether it was bought on two days or more.
func (b bought) again() bool { return b.first != b.last }

// history is what one customer bought and looked at.
type history struct {
	items  map[string]bought
	viewed map[string]struct{}
	days   map[int32]map[string]struct{} // the categories bought from on each day
	labels map[string]string             // the category of each item, as last said
	orders int64
}

func newHistory() *history {
	return &history{items: map[string]bought{}, viewed: map[string]struct{}{}, days: map[int32]map[string]struct{}{}, labels: map[string]string{}}
}

// dayOf is the day of an instant in a zone, in days since 1970-01-01.
func dayOf(t time.Time, zone *time.Location) int32 {
	y, m, d := t.In(zone).Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// add takes an order in.
func (h *history) add(b *store.Basket, zone *time.Location) {
	day := dayOf(b.Time, zone)
	h.orders++
	for _, item := range b.Items {
		was, known := h.items[item.SKU]
		if !known {
			was = bought{day, day}
		}
		h.items[item.SKU] = bought{min(was.first, day), max(was.last, day)}
		if item.Category == "" {
			continue
		}
		h.labels[item.SKU] = item.Category
		if h.days[day] == nil {
			h.days[day] = map[string]struct{}{}
		}
		h.days[day][item.Category] = struct{}{}
	}
}

// cut leaves the items bought last, at most so many, and reports whether there
// were more.
func (h *history) cut(most int) bool {
	if len(h.items) <= most {
		return false
	}
	skus := h.sorted()
	slices.SortStableFunc(skus, func(a, b string) int { return cmp.Compare(h.items[b].last, h.items[a].last) })
	for _, sku := range skus[most:] {
		delete(h.items, sku)
	}
	return true
}

// sorted are the items by name, so that what is made of them is the same every time.
func (h *history) sorted() []string {
	return sortedKeys(h.items)
}

// daysInOrder are the days with a category, oldest first.
func (h *history) daysInOrder() []int32 { return sortedKeys(h.days) }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
