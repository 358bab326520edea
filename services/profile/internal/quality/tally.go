package quality

import (
	"cmp"
	"slices"
)

// found is what one rule has found.
type found struct {
	checks, passed int64
	customers      int64
	orders         int64
	revenue        map[string]int64 // minor units, by currency
	examples       []example        // those with the most orders first
}

type example struct {
	customer string
	orders   int64
}

// touch notes a customer whom the rule finds fault with.
func (f *found) touch(r *Record, examples int) {
	f.customers++
	f.orders += r.Orders
	for currency, spent := range r.Bought {
		if f.revenue == nil {
			f.revenue = map[string]int64{}
		}
		f.revenue[currency] += spent.Minor
	}
	if len(f.examples) == examples && r.Orders <= f.examples[examples-1].orders {
		return
	}
	at, _ := slices.BinarySearchFunc(f.examples, r.Orders, func(e example, orders int64) int {
		if e.orders >= orders { // behind those with as many: the first met stay in front
			return -1
		}
		return 1
	})
	f.examples = slices.Insert(f.examples, at, example{r.ID, r.Orders})
	f.examples = f.examples[:min(len(f.examples), examples)]
}

// Tally is what all rules have found up to now.
type Tally struct {
	base      *Base
	rules     []Rule
	found     []found
	customers int64
	orders    map[string]int64 // by currency
}

// NewTally counts by the rules of a base's policy.
func NewTally(base *Base) *Tally {
	rules := base.Policy.Rules()
	return &Tally{base: base, rules: rules, found: make([]found, len(rules)), orders: map[string]int64{}}
}

// Add checks a record.
func (t *Tally) Add(r *Record) {
	t.customers++
	for currency, spent := range r.Bought {
		t.orders[currency] += spent.Orders
	}
	for i := range t.rules {
		f := &t.found[i]
		verdict := t.rules[i].Check(r, t.base)
		if verdict == Skipped {
			continue
		}
		f.checks++
		if verdict == Passed {
			f.passed++
			continue
		}
		f.touch(r, t.base.Policy.Examples)
	}
}

// score is the share of the checks passed; ok is false where none were made.
func score(passed, checks int64) (share float64, ok bool) {
	if checks == 0 {
		return 0, false
	}
	return float64(passed) / float64(checks), true
}

// commonest is the currency of most orders, of equally many the first by name.
func (t *Tally) commonest() string {
	best, most := "", int64(0)
	for currency, n := range t.orders {
		if n > most || n == most && currency < best {
			best, most = currency, n
		}
	}
	return best
}

// ranked are the rules that found something, what to fix first in front: by the
// revenue touched in the currency of most orders, then by the customers, then by
// the rules' own order.
func (t *Tally) ranked() []int {
	currency := t.commonest()
	var all []int
	for i := range t.found {
		if t.found[i].customers > 0 {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(t.found[b].revenue[currency], t.found[a].revenue[currency]),
			cmp.Compare(t.found[b].customers, t.found[a].customers),
		)
	})
	return all
}
