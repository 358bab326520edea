package recommend

import (
	"cmp"
	"slices"

	"github.com/kehuhq/kehu/pkg/stat"
)

// level of all intervals.
const level = 0.95

// MaxSuggestions is how many a customer has at most, over all pages.
const MaxSuggestions = 100

// Reason is why an item is suggested.
type Reason struct {
	Kind    Kind
	Because string        // item of the customer's history; empty for Popular
	Count   int64         // customers who did likewise and bought the item
	Of      int64         // customers who did likewise
	Share   stat.Estimate // Count of Of
}

// Kind is which kind of reason.
type Kind int

// The kinds.
const (
	Popular Kind = iota
	BoughtTogether
	ViewedTogether
	BoughtAgain
)

// Suggestion is an item that a customer may need.
type Suggestion struct {
	SKU, Category string
	Score         float64
	Reason        Reason
}

// scratch is what one ranking works with, kept for the next.
type scratch struct {
	added   []float64 // to each item, by the history
	most    []float64 // by one item of the history
	from    []int32   // that item: its rank, negative minus one where it was looked at
	touched []int32
}

func (l *loaded) scratch() *scratch {
	if s, ok := l.spare.Get().(*scratch); ok {
		return s
	}
	n := len(l.items)
	return &scratch{added: make([]float64, n), most: make([]float64, n), from: make([]int32, n)}
}

func (l *loaded) put(s *scratch) {
	for _, i := range s.touched {
		s.added[i], s.most[i] = 0, 0
	}
	s.touched = s.touched[:0]
	l.spare.Put(s)
}

// signals are the items of a history that the model knows, by rank: those bought,
// and those looked at and not bought.
func (l *loaded) signals(h *history) (bought, viewed []int32) {
	for sku := range h.items {
		if rank, known := l.rankOf[sku]; known {
			bought = append(bought, rank)
		}
	}
	for sku := range h.viewed {
		rank, known := l.rankOf[sku]
		if _, has := h.items[sku]; known && !has {
			viewed = append(viewed, rank)
		}
	}
	slices.Sort(bought)
	slices.Sort(viewed)
	return bought, viewed
}

type candidate struct {
	item  int32
	score float64
}

// suggest ranks what a customer may need. With H the items of the history,
//
//	s(j) = p_j + 1/|H| · Σ e(i→j) over i in H, i ≠ j   (+ a_j for a consumable in H)
//
// where p_j is the share of all customers who buy j, e what having bought or
// looked at i adds to it, and a_j = (again_j − n_j·p_j)/(n_j + κ) the same of
// having bought j itself. What was bought and is no consumable is left out. It
// returns those from a place on, so many at most, with how many there are in all,
// and how many items of the history the model knows.
func (l *loaded) suggest(h *history, newOnly bool, from, most int) (suggestions []Suggestion, all, known int, err error) {
	bought, viewed := l.signals(h)
	known = len(bought) + len(viewed)
	s := l.scratch()
	defer l.put(s)
	for _, i := range bought {
		s.add(l.items[i].bought, i)
	}
	for _, i := range viewed {
		s.add(l.items[i].viewed, -1-i)
	}
	best := make([]candidate, 0, MaxSuggestions+1)
	for _, c := range l.candidates(s, bought, known, newOnly) {
		best = insert(best, c)
	}
	from = min(from, len(best))
	for _, c := range best[from:min(from+most, len(best))] {
		_, has := slices.BinarySearch(bought, c.item)
		suggestion, err := l.explain(s, c, has)
		if err != nil {
			return nil, 0, 0, err
		}
		suggestions = append(suggestions, suggestion)
	}
	return suggestions, len(best), known, nil
}

func (s *scratch) add(with []neighbour, from int32) {
	for _, n := range with {
		if s.added[n.item] == 0 {
			s.touched = append(s.touched, n.item)
		}
		s.added[n.item] += n.gain
		if n.gain > s.most[n.item] {
			s.most[n.item], s.from[n.item] = n.gain, from
		}
	}
}

// candidates are the items that can be among the best, with their scores: those
// to which the history adds, those it holds, and the most popular of the others.
func (l *loaded) candidates(s *scratch, bought []int32, known int, newOnly bool) []candidate {
	p := &l.model.Policy
	all := make([]candidate, 0, len(s.touched)+len(bought)+2*MaxSuggestions)
	consider := func(i int32) {
		item := &l.items[i]
		score := item.share
		if known > 0 {
			score += s.added[i] / float64(known)
		}
		if _, has := slices.BinarySearch(bought, i); has {
			if newOnly || !item.consumable(p.ConsumableShare) {
				return
			}
			score += gain(item.buyers, item.again, item.share, p.Smoothing)
		}
		all = append(all, candidate{i, score})
	}
	for _, i := range s.touched {
		consider(i)
	}
	for _, i := range bought {
		if s.added[i] == 0 {
			consider(i)
		}
	}
	left := MaxSuggestions
	for i := int32(0); int(i) < len(l.items) && left > 0; i++ { // ranks go by popularity
		if _, has := slices.BinarySearch(bought, i); s.added[i] == 0 && !has {
			consider(i)
			left--
		}
	}
	return all
}

// insert keeps the best candidates, best first.
func insert(best []candidate, c candidate) []candidate {
	if len(best) == MaxSuggestions && best[len(best)-1].score > c.score {
		return best
	}
	at, _ := slices.BinarySearchFunc(best, c, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.item, b.item))
	})
	best = slices.Insert(best, at, c)
	return best[:min(len(best), MaxSuggestions)]
}

// explain says what speaks most for an item.
func (l *loaded) explain(s *scratch, c candidate, has bool) (Suggestion, error) {
	item := &l.items[c.item]
	r := Reason{Kind: Popular, Count: item.buyers, Of: l.model.Figures.Customers}
	switch from := s.from[c.item]; {
	case has:
		r = Reason{Kind: BoughtAgain, Because: item.sku, Count: item.again, Of: item.buyers}
	case s.most[c.item] == 0:
	case from >= 0:
		with := &l.items[from]
		r = Reason{Kind: BoughtTogether, Because: with.sku, Count: both(with.bought, c.item), Of: with.buyers}
	default:
		with := &l.items[-1-from]
		r = Reason{Kind: ViewedTogether, Because: with.sku, Count: both(with.viewed, c.item), Of: with.viewers}
	}
	var err error
	r.Share, err = stat.Wilson(r.Count, r.Of, level)
	return Suggestion{SKU: item.sku, Category: item.category, Score: c.score, Reason: r}, err
}

func both(with []neighbour, item int32) int64 {
	for _, n := range with {
		if n.item == item {
			return n.both
		}
	}
	return 0
}
