package recommend

import (
	"cmp"
	"slices"

	"github.com/kehuhq/kehu/pkg/stat"
)

// transitions count, over pairs of a customer's days of purchase that follow each
// other, which categories are bought from on the second after which on the first:
// a Markov chain of the first order over sets.
type transitions struct {
	names   []string
	byName  map[string]int32
	pairs   int64             // pairs of days
	after   []int64           // pairs of days whose first has the category
	reached []int64           // pairs of days whose second has it
	counts  []map[int32]int64 // from category to category
}

func newTransitions() transitions { return transitions{byName: map[string]int32{}} }

func (t *transitions) ordinal(name string) (int32, bool) {
	if at, known := t.byName[name]; known {
		return at, true
	}
	if len(t.names) >= maxCategories {
		return 0, false
	}
	at := int32(len(t.names))
	t.names = append(t.names, name)
	t.byName[name] = at
	t.after, t.reached = append(t.after, 0), append(t.reached, 0)
	t.counts = append(t.counts, map[int32]int64{})
	return at, true
}

// step is a sum over pairs of days: From and To are places of categories; anyone
// in From counts the pairs with To, in To those with From, and in both all pairs.
type step struct {
	From int32 `bson:"f"`
	To   int32 `bson:"t"`
	N    int64 `bson:"n"`
}

const anyone int32 = -1

// steps are sums while they are being made, by From and To.
type steps map[[2]int32]int64

// pair counts a pair of days, by the categories of each.
func (s steps) pair(before, now []int32) {
	s[[2]int32{anyone, anyone}]++
	for _, b := range now {
		s[[2]int32{anyone, b}]++
	}
	for _, a := range before {
		s[[2]int32{a, anyone}]++
		for _, b := range now {
			s[[2]int32{a, b}]++
		}
	}
}

// add adds a sum; false where it names a category that there is not.
func (t *transitions) add(s step) bool {
	if int(s.From) >= len(t.names) || int(s.To) >= len(t.names) {
		return false
	}
	switch {
	case s.From < 0 && s.To < 0:
		t.pairs += s.N
	case s.From < 0:
		t.reached[s.To] += s.N
	case s.To < 0:
		t.after[s.From] += s.N
	default:
		t.counts[s.From][s.To] += s.N
	}
	return true
}

// sums are all of them, in a fixed order.
func (t *transitions) sums() []step {
	if t.pairs == 0 {
		return nil
	}
	all := []step{{anyone, anyone, t.pairs}}
	for i := range t.names {
		at := int32(i)
		if t.reached[i] > 0 {
			all = append(all, step{anyone, at, t.reached[i]})
		}
		if t.after[i] > 0 {
			all = append(all, step{at, anyone, t.after[i]})
		}
		for _, to := range sortedKeys(t.counts[i]) {
			all = append(all, step{at, to, t.counts[i][to]})
		}
	}
	return all
}

// Forecast is a category that may be bought from next.
type Forecast struct {
	Category, Because string
	Share             stat.Estimate // Wilson; N pairs of days after Because
	Lift              float64       // what Because adds to the share among all pairs of days
}

// maxForecasts is how many categories are forecast.
const maxForecasts = 5

// next ranks the categories by what those of the last day add, smoothed:
//
//	(n(a→b) − n(a)·p(b)) / (n(a) + κ),  p(b) = n(·→b) / n
//
// and gives for each the a of the last day that adds the most. Only what adds
// something is returned.
func (t *transitions) next(last []string, kappa float64) ([]Forecast, error) {
	type best struct {
		to, from int32
		gain     float64
	}
	found := map[int32]best{}
	for _, name := range last {
		a, known := t.byName[name]
		if !known {
			continue
		}
		for b, n := range t.counts[a] {
			gain := (float64(n) - float64(t.after[a])*t.base(b)) / (float64(t.after[a]) + kappa)
			if was, have := found[b]; gain > 0 && (!have || gain > was.gain || gain == was.gain && a < was.from) {
				found[b] = best{b, a, gain}
			}
		}
	}
	var all []best
	for _, b := range found {
		all = append(all, b)
	}
	slices.SortFunc(all, func(x, y best) int { return cmp.Or(cmp.Compare(y.gain, x.gain), cmp.Compare(x.to, y.to)) })
	var forecasts []Forecast
	for _, b := range all[:min(len(all), maxForecasts)] {
		share, err := stat.Wilson(t.counts[b.from][b.to], t.after[b.from], level)
		if err != nil {
			return nil, err
		}
		forecasts = append(forecasts, Forecast{
			Category: t.names[b.to], Because: t.names[b.from], Share: share, Lift: share.Value - t.base(b.to),
		})
	}
	return forecasts, nil
}

// base is the share of pairs of days whose second has a category.
func (t *transitions) base(b int32) float64 { return float64(t.reached[b]) / float64(t.pairs) }
