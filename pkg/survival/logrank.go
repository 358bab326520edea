package survival

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// MaxGroups is how many groups LogRank compares at most.
const MaxGroups = 256

// Test is a test statistic that has a χ² distribution if there is no effect.
type Test struct {
	Statistic float64 `json:"chi_square"`
	DF        int     `json:"df"`
	P         float64 `json:"p_value"` // of a statistic as large or larger
}

func newTest(statistic float64, df int) Test {
	statistic = max(statistic, 0) // rounding
	return Test{Statistic: statistic, DF: df, P: distuv.ChiSquared{K: float64(df)}.Survival(statistic)}
}

// GroupEvents are the events of one group, seen and to be expected if all groups
// had the same hazard. Counts are sums of weights.
type GroupEvents struct {
	Subjects float64 `json:"subjects"`
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
}

// LogRankTest is the outcome of LogRank; Groups are in the order of their codes.
type LogRankTest struct {
	Test
	Groups []GroupEvents `json:"groups"`
}

// LogRank tests whether the groups of a sample have the same hazard at all times:
// with dᵢ events at the time tᵢ among nᵢ at risk, nᵢⱼ of them in group j,
//
//	Eⱼ = Σᵢ dᵢnᵢⱼ/nᵢ,   Vⱼₗ = Σᵢ dᵢ(nᵢ−dᵢ)/(nᵢ−1) · nᵢⱼ/nᵢ · (δⱼₗ − nᵢₗ/nᵢ)
//
// and χ² = (O−E)ᵀV⁻¹(O−E) over all groups but one. Mantel (1966), Cancer
// Chemotherapy Reports 50:163–170; Peto & Peto (1972), JRSS A 135:185–207.
//
// group numbers the groups from 0; there are 2 to MaxGroups. strata, if not nil,
// numbers strata, within which alone subjects are compared. Weights are numbers of
// subjects and must be whole.
//
// Reasons of refusal besides: NO_EVENTS, and GROUPS_NOT_COMPARABLE where no two
// groups are at risk together when something happens.
func LogRank(s Sample, group, strata []int) (*LogRankTest, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	for i, w := range s.Weights {
		if w != math.Trunc(w) {
			return nil, invalidRow("weights", i, "must be a whole number of subjects, got %v", w)
		}
	}
	k, err := checkCodes("group", group, s.Rows())
	if err != nil {
		return nil, err
	}
	if k < 2 || k > MaxGroups {
		return nil, invalid("group", "must number 2 to %d groups, got %d", MaxGroups, k)
	}
	parts := [][]int32{allRows(s.Rows())}
	if strata != nil {
		n, err := checkCodes("strata", strata, s.Rows())
		if err != nil {
			return nil, err
		}
		parts = partition(parts[0], strata, n)
	}
	r := ranks{groups: make([]GroupEvents, k), variance: mat.NewSymDense(k, nil), share: make([]float64, k)}
	for _, rows := range parts {
		r.add(s, partition(rows, group, k))
	}
	return r.test()
}

// ranks sums over times and strata.
type ranks struct {
	groups   []GroupEvents
	variance *mat.SymDense
	share    []float64 // nᵢⱼ/nᵢ, of the time in hand
}

// add takes one stratum, whose rows are given by group: it walks through the life
// tables of the groups side by side.
func (r *ranks) add(s Sample, rows [][]int32) {
	tables, place := make([]lifeTable, len(rows)), make([]int, len(rows))
	for j := range rows {
		tables[j] = newLifeTable(s.pick(rows[j]))
		if len(tables[j].times) > 0 {
			r.groups[j].Subjects += tables[j].atRisk[0]
		}
	}
	for {
		next := math.Inf(1)
		for j, t := range tables {
			if place[j] < len(t.times) {
				next = min(next, t.times[place[j]])
			}
		}
		if math.IsInf(next, 1) {
			return
		}
		n, d := 0.0, 0.0
		for j, t := range tables {
			r.share[j] = 0
			if i := place[j]; i < len(t.times) {
				r.share[j] = t.atRisk[i]
				n += t.atRisk[i]
				if t.times[i] == next {
					d += t.events[i]
					r.groups[j].Observed += t.events[i]
					place[j]++
				}
			}
		}
		if d > 0 {
			r.time(n, d)
		}
	}
}

// time takes one time at which something happens.
func (r *ranks) time(n, d float64) {
	for j := range r.share {
		r.share[j] /= n
		r.groups[j].Expected += d * r.share[j]
	}
	if n <= d {
		return // all who are left: nothing could be otherwise
	}
	f := d * (n - d) / (n - 1)
	for j, p := range r.share {
		if p == 0 {
			continue
		}
		for l := 0; l < j; l++ {
			r.variance.SetSym(j, l, r.variance.At(j, l)-f*p*r.share[l])
		}
		r.variance.SetSym(j, j, r.variance.At(j, j)+f*p*(1-p))
	}
}

func (r *ranks) test() (*LogRankTest, error) {
	var expected []int // groups in which anything could happen
	events := 0.0
	for j, g := range r.groups {
		events += g.Observed
		if g.Expected > 0 {
			expected = append(expected, j)
		}
	}
	if events == 0 {
		return nil, refuse(ReasonNoEvents, "events", "must hold at least one event")
	}
	apart := refuse(ReasonNotComparable, "group", "must hold groups that are at risk together when events happen")
	if len(expected) < 2 {
		return nil, apart
	}
	expected = expected[1:]
	df := len(expected)
	v, o := mat.NewSymDense(df, nil), mat.NewVecDense(df, nil)
	for a, j := range expected {
		o.SetVec(a, r.groups[j].Observed-r.groups[j].Expected)
		for b, l := range expected[:a+1] {
			v.SetSym(a, b, r.variance.At(j, l))
		}
	}
	if at, _ := dependent(v); at >= 0 {
		return nil, apart
	}
	var factor mat.Cholesky
	var solved mat.VecDense
	if !factor.Factorize(v) || factor.SolveVecTo(&solved, o) != nil {
		return nil, apart
	}
	return &LogRankTest{Test: newTest(mat.Dot(o, &solved), df), Groups: r.groups}, nil
}
