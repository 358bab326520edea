package survival

import (
	"iter"
	"math"
	"slices"
	"sync"
)

// Concordance tells how well a risk orders times: of the pairs of subjects of whom
// it is known who had the event first, the share in which that one had the higher
// risk, equal risks counting one half. Harrell et al. (1982), JAMA 247:2543–2546.
//
// A subject censored at the time of another's event is known to be later; two
// events at one time are no pair. Counts are sums of products of weights.
type Concordance struct {
	Value float64 `json:"value"` // 0.5 with warning NO_COMPARABLE_PAIRS
	// StdErr is that of the infinitesimal jackknife over subjects.
	StdErr     float64 `json:"standard_error"`
	Concordant float64 `json:"concordant"`
	Discordant float64 `json:"discordant"`
	TiedRisk   float64 `json:"tied_risk"` // pairs with equal risks
	TiedTime   float64 `json:"tied_time"` // pairs of events at one time, left out
}

// ConcordanceOf compares risks, the higher the sooner, with a sample. strata, if
// not nil, numbers strata from 0 within which alone subjects are compared.
// O(n log n) time.
func ConcordanceOf(s Sample, risk []float64, strata []int) (Concordance, []Warning, error) {
	if err := s.check(); err != nil {
		return Concordance{}, nil, err
	}
	if len(risk) != s.Rows() {
		return Concordance{}, nil, invalid("risk", "must have as many rows as durations, %d, got %d", s.Rows(), len(risk))
	}
	for i, r := range risk {
		if !finite(r) {
			return Concordance{}, nil, invalidRow("risk", i, "must be a finite number, got %v", r)
		}
	}
	if strata != nil {
		if _, err := checkCodes("strata", strata, s.Rows()); err != nil {
			return Concordance{}, nil, err
		}
	}
	sets := newRiskSets(s, &design{n: s.Rows()}, strata, TiesBreslow)
	ordered := make([]float64, len(risk))
	for i, row := range sets.row {
		ordered[i] = risk[row]
	}
	c, warnings := sets.concordance(ordered)
	return c, warnings, nil
}

// concordance is that of the fitted linear predictor.
func (f *CoxFit) concordance() {
	eta := make([]float64, len(f.sets.weight))
	for i := range eta {
		eta[i] = dot(f.beta, f.sets.x[i*f.sets.p:(i+1)*f.sets.p])
	}
	c, warnings := f.sets.concordance(eta)
	f.Concordance, f.Warnings = c, append(f.Warnings, warnings...)
}

// pairs are the weights of the pairs that one row is part of.
type pairs struct{ concordant, discordant, tied float64 }

func (r *riskSets) concordance(risk []float64) (Concordance, []Warning) {
	later, earlier := make([]pairs, len(risk)), make([]pairs, len(risk))
	c := Concordance{Value: 0.5}
	for stratum := range r.strata() {
		rank, distinct := ranked(risk, stratum)
		var both sync.WaitGroup // on two cores
		both.Go(func() { r.meetEarlier(stratum, rank, distinct, earlier) })
		c.TiedTime += r.meetLater(stratum, rank, distinct, later)
		both.Wait()
	}
	for i, p := range later {
		c.Concordant += r.weight[i] * p.concordant
		c.Discordant += r.weight[i] * p.discordant
		c.TiedRisk += r.weight[i] * p.tied
	}
	all := c.Concordant + c.Discordant + c.TiedRisk
	if all == 0 {
		return c, []Warning{warn(ReasonNoPairs, nil, "of no two subjects it is known who had the event first")}
	}
	c.Value = (c.Concordant + c.TiedRisk/2) / all
	variance := 0.0
	for i, p := range later {
		q := earlier[i]
		both := p.concordant + p.discordant + p.tied + q.concordant + q.discordant + q.tied
		d := r.weight[i] * (p.concordant + q.concordant + (p.tied+q.tied)/2 - c.Value*both) / all
		variance += d * d
	}
	c.StdErr = math.Sqrt(variance)
	return c, nil
}

// strata yields the times of each stratum, the latest first.
func (r *riskSets) strata() iter.Seq[[]riskTime] {
	return func(yield func([]riskTime) bool) {
		for lo := 0; lo < len(r.times); {
			hi := lo + 1
			for hi < len(r.times) && !r.times[hi].first {
				hi++
			}
			if !yield(r.times[lo:hi]) {
				return
			}
			lo = hi
		}
	}
}

// meetLater counts for each row with the event its pairs with those later, and
// returns the weight of pairs of events at one time.
func (r *riskSets) meetLater(stratum []riskTime, rank []int32, distinct int, own []pairs) (tied float64) {
	later, from := newRankSums(distinct), stratum[0].lo
	for _, at := range stratum {
		later.add(rank[at.lo-from:at.mid-from], r.weight[at.lo:at.mid])
		dead := 0.0
		for i := at.mid; i < at.hi; i++ {
			below, equal, above := later.around(rank[i-from])
			own[i] = pairs{below, above, equal}
			tied += dead * r.weight[i]
			dead += r.weight[i]
		}
		later.add(rank[at.mid-from:at.hi-from], r.weight[at.mid:at.hi])
	}
	return tied
}

// meetEarlier counts for each row its pairs with those who had the event earlier.
func (r *riskSets) meetEarlier(stratum []riskTime, rank []int32, distinct int, own []pairs) {
	earlier, from := newRankSums(distinct), stratum[0].lo
	meet := func(lo, hi int32) {
		for i := lo; i < hi; i++ {
			below, equal, above := earlier.around(rank[i-from])
			own[i] = pairs{above, below, equal}
		}
	}
	for k := len(stratum) - 1; k >= 0; k-- {
		at := stratum[k]
		meet(at.mid, at.hi)
		earlier.add(rank[at.mid-from:at.hi-from], r.weight[at.mid:at.hi])
		meet(at.lo, at.mid)
	}
}

// ranked numbers from 0 the distinct values of a stratum's rows, ascending.
func ranked(values []float64, stratum []riskTime) (rank []int32, distinct int) {
	type entry struct {
		value float64
		at    int32
	}
	values = values[stratum[0].lo:stratum[len(stratum)-1].hi]
	order := make([]entry, len(values))
	for i, v := range values {
		order[i] = entry{v, int32(i)}
	}
	slices.SortFunc(order, func(a, b entry) int {
		if a.value < b.value { // never NaN
			return -1
		}
		if a.value > b.value {
			return 1
		}
		return 0
	})
	rank = make([]int32, len(values))
	for i, e := range order {
		if i == 0 || e.value != order[i-1].value {
			distinct++
		}
		rank[e.at] = int32(distinct - 1)
	}
	return rank, distinct
}

// rankSums keeps sums of weights by rank so that both adding and summing all below
// a rank take O(log n): Fenwick (1994), Software: Practice and Experience 24:327–336.
type rankSums struct {
	tree  []float64
	equal []float64
	total float64
}

func newRankSums(n int) *rankSums {
	return &rankSums{tree: make([]float64, n+1), equal: make([]float64, n)}
}

func (s *rankSums) add(rank []int32, weight []float64) {
	for i, w := range weight {
		s.total += w
		s.equal[rank[i]] += w
		for k := int(rank[i]) + 1; k < len(s.tree); k += k & -k {
			s.tree[k] += w
		}
	}
}

func (s *rankSums) around(rank int32) (below, equal, above float64) {
	for k := int(rank); k > 0; k -= k & -k {
		below += s.tree[k]
	}
	equal = s.equal[rank]
	return below, equal, max(s.total-below-equal, 0)
}
