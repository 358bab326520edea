package paths

import (
	"cmp"
	"container/heap"
	"slices"
)

// Frequent finds the most frequent keys of a stream in bounded memory. It is the
// Space-Saving summary of Metwally, Agrawal and El Abbadi, "Efficient Computation
// of Frequent and Top-k Elements in Data Streams" (ICDT 2005): when all counters
// are taken, a new key takes over the lowest one and its count.
//
// Up to as many distinct keys as there are counters, counts are exact. Beyond,
// a count is too high by at most its Error, which no more than seen ÷ counters
// is; and every key that was seen more often than that is among the counters.
type Frequent struct {
	counters int
	byKey    map[string]*Counter
	lowest   lowest // a heap, once all counters are taken
	taken    bool   // a counter has been taken over
	Seen     int64  // keys counted, with repetitions
}

// Counter is the count of one key.
type Counter struct {
	Key   string
	Count int64 // at most this often
	Error int64 // too high by at most this much
	place int
}

// NewFrequent makes a summary with so many counters.
func NewFrequent(counters int) *Frequent {
	return &Frequent{counters: counters, byKey: make(map[string]*Counter)}
}

// Add counts a key.
func (f *Frequent) Add(key []byte) {
	f.Seen++
	if c := f.byKey[string(key)]; c != nil {
		c.Count++
		if f.full() {
			heap.Fix(&f.lowest, c.place)
		}
		return
	}
	if !f.full() {
		c := &Counter{Key: string(key), Count: 1, place: len(f.lowest)}
		f.byKey[c.Key] = c
		f.lowest = append(f.lowest, c)
		if f.full() {
			heap.Init(&f.lowest)
		}
		return
	}
	c := f.lowest[0]
	f.taken = true
	delete(f.byKey, c.Key)
	c.Key, c.Error = string(key), c.Count
	c.Count++
	f.byKey[c.Key] = c
	heap.Fix(&f.lowest, 0)
}

func (f *Frequent) full() bool { return len(f.lowest) == f.counters }

// MaxError is the most by which any count may be too high, and the most often that
// a key which is not among the counters may have been seen: 0 while counts are
// exact.
func (f *Frequent) MaxError() int64 {
	if !f.taken {
		return 0
	}
	return f.lowest[0].Count
}

// Top returns the keys with the highest counts, at most n of them.
func (f *Frequent) Top(n int) []Counter {
	all := make([]Counter, 0, len(f.lowest))
	for _, c := range f.lowest {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Counter) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key)) })
	return all[:min(n, len(all))]
}

// lowest is a heap of counters, the lowest first.
type lowest []*Counter

func (h lowest) Len() int           { return len(h) }
func (h lowest) Less(i, j int) bool { return h[i].Count < h[j].Count }
func (h lowest) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push and Pop are not used: a counter is taken over, never removed.
func (h *lowest) Push(x any) { *h = append(*h, x.(*Counter)) }

// Pop removes the last.
func (h *lowest) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
