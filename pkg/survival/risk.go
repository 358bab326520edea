package survival

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Ties says how events at the same time enter a Cox model.
type Ties string

// The treatments of ties.
const (
	TiesEfron   Ties = "efron"   // tied deaths leave the set at risk one by one, on average
	TiesBreslow Ties = "breslow" // tied deaths all leave it afterwards
)

// riskSets are the rows of a Cox model in the order in which the sets at risk grow:
// by stratum, in each the latest first, and at a time those censored first.
type riskSets struct {
	p      int
	ties   Ties
	x      []float64 // standardised, a row after the other
	weight []float64
	row    []int32 // of the caller
	times  []riskTime
}

// riskTime is the rows of one stratum and one time: lo to mid censored, mid to hi
// with the event.
type riskTime struct {
	lo, mid, hi int32
	first       bool // of its stratum
	stratum     int32
	time        float64
}

type riskKey struct {
	bits    uint64
	row     int32
	stratum int32
	event   bool
}

func newRiskSets(s Sample, d *design, strata []int, ties Ties) *riskSets {
	keys := make([]riskKey, s.Rows())
	for i := range keys {
		keys[i] = riskKey{bits: bitsOf(s.Durations[i]), row: int32(i), event: s.Events[i]}
		if strata != nil {
			keys[i].stratum = int32(strata[i])
		}
	}
	slices.SortFunc(keys, func(a, b riskKey) int {
		switch {
		case a.stratum != b.stratum:
			return cmp.Compare(a.stratum, b.stratum)
		case a.bits != b.bits:
			return cmp.Compare(b.bits, a.bits)
		case a.event != b.event && b.event:
			return -1
		case a.event != b.event:
			return 1
		}
		return cmp.Compare(a.row, b.row)
	})
	r := &riskSets{p: d.p, ties: ties, x: make([]float64, len(d.x)), weight: make([]float64, len(keys)), row: make([]int32, len(keys))}
	for i, k := range keys {
		copy(r.x[i*d.p:(i+1)*d.p], d.x[int(k.row)*d.p:])
		r.weight[i], r.row[i] = s.weight(int(k.row)), k.row
	}
	for lo := 0; lo < len(keys); {
		k := keys[lo]
		mid := lo
		for mid < len(keys) && keys[mid].stratum == k.stratum && keys[mid].bits == k.bits && !keys[mid].event {
			mid++
		}
		hi := mid
		for hi < len(keys) && keys[hi].stratum == k.stratum && keys[hi].bits == k.bits {
			hi++
		}
		r.times = append(r.times, riskTime{
			lo: int32(lo), mid: int32(mid), hi: int32(hi), stratum: k.stratum,
			first: lo == 0 || keys[lo-1].stratum != k.stratum, time: math.Float64frombits(k.bits),
		})
		lo = hi
	}
	return r
}

// moments are the sums Σr, Σr·x and Σr·xxᵀ (packed by rows of the lower triangle)
// over a set of rows, where r is the weight times the relative risk.
type moments struct {
	s0     float64
	s1, s2 []float64
}

func newMoments(p int) moments {
	return moments{s1: make([]float64, p), s2: make([]float64, p*(p+1)/2)}
}

func (m *moments) clear() {
	m.s0 = 0
	clear(m.s1)
	clear(m.s2)
}

func (m *moments) add(r float64, x []float64) {
	m.s0 += r
	s2 := m.s2
	for j, v := range x {
		rv := r * v
		m.s1[j] += rv
		part := s2[:j+1]
		s2 = s2[j+1:]
		for k := range part {
			part[k] += rv * x[k]
		}
	}
}

// deaths is one time with events: the set at risk, those who leave it with the
// event, and what the treatment of ties makes of the two.
//
// With φₗ = S₀ − (l/d)·D₀ for l = 0 … d−1 and Efron's ties, or φₗ = S₀ with
// Breslow's, the sums over l of 1/φ, (l/d)/φ, 1/φ², (l/d)/φ² and (l/d)²/φ² are all
// that is needed, however many events are tied.
type deaths struct {
	riskTime
	atRisk, dead  moments
	sumX          []float64 // Σ w·x of the dead
	sumEta        float64   // Σ w·η of the dead
	weight        float64   // Σ w of the dead
	mean          float64   // weight of one of them
	log           float64   // Σ log φ
	a, b, c, e, f float64
}

func (t *deaths) tie(ties Ties) {
	n := int(t.hi - t.mid)
	t.mean = t.weight / float64(n)
	if ties == TiesBreslow || n == 1 {
		d := float64(n)
		t.log = d * math.Log(t.atRisk.s0)
		t.a, t.c = d/t.atRisk.s0, d/t.atRisk.s0/t.atRisk.s0
		t.b, t.e, t.f = 0, 0, 0
		return
	}
	t.log, t.a, t.b, t.c, t.e, t.f = 0, 0, 0, 0, 0, 0
	for l := range n {
		share := float64(l) / float64(n)
		inverse := 1 / (t.atRisk.s0 - share*t.dead.s0)
		t.log -= math.Log(inverse)
		t.a += inverse
		t.b += share * inverse
		t.c += inverse * inverse
		t.e += share * inverse * inverse
		t.f += share * share * inverse * inverse
	}
}

// expected is the expectation of covariate j among those at risk, averaged over ties,
// times the number of the dead.
func (t *deaths) expected(j int) float64 { return t.a*t.atRisk.s1[j] - t.b*t.dead.s1[j] }

// score adds f times the time's share of the gradient to u.
func (t *deaths) score(f float64, u []float64) {
	for j := range u {
		u[j] += f * (t.sumX[j] - t.mean*t.expected(j))
	}
}

// information adds f times the time's share of the information to v, packed.
func (t *deaths) information(f float64, v []float64) {
	f *= t.mean
	i := 0
	for j := range t.sumX {
		s, d := t.atRisk.s1[j], t.dead.s1[j]
		for k := range j + 1 {
			sk, dk := t.atRisk.s1[k], t.dead.s1[k]
			v[i] += f * (t.a*t.atRisk.s2[i] - t.b*t.dead.s2[i] - t.c*s*sk + t.e*(s*dk+d*sk) - t.f*d*dk)
			i++
		}
	}
}

// walk visits the times with events, the latest first in each stratum, with the
// relative risk of each row at beta. It is over early where a risk overflows.
func (r *riskSets) walk(beta []float64, risk []float64, visit func(*deaths)) bool {
	eta := r.linear(beta, risk)
	t := &deaths{atRisk: newMoments(r.p), dead: newMoments(r.p), sumX: make([]float64, r.p)}
	for _, at := range r.times {
		t.riskTime = at
		if at.first {
			t.atRisk.clear()
		}
		for i := at.lo; i < at.mid; i++ {
			t.atRisk.add(r.weight[i]*risk[i], r.x[int(i)*r.p:int(i+1)*r.p])
		}
		if at.mid == at.hi {
			continue
		}
		t.dead.clear()
		clear(t.sumX)
		t.sumEta, t.weight = 0, 0
		for i := at.mid; i < at.hi; i++ {
			x := r.x[int(i)*r.p : int(i+1)*r.p]
			w := r.weight[i]
			t.atRisk.add(w*risk[i], x)
			if at.hi-at.mid > 1 && r.ties == TiesEfron {
				t.dead.add(w*risk[i], x)
			}
			for j, v := range x {
				t.sumX[j] += w * v
			}
			t.sumEta += w * eta[i]
			t.weight += w
		}
		t.tie(r.ties)
		if !finite(t.log) || !finite(t.c) {
			return false
		}
		visit(t)
	}
	return true
}

// linear is the linear predictor of each row; it fills risk with its exponential.
func (r *riskSets) linear(beta, risk []float64) []float64 {
	eta := make([]float64, len(risk))
	inBlocks(len(risk), func(_, from, to int) {
		for i := from; i < to; i++ {
			eta[i] = dot(beta, r.x[i*r.p:(i+1)*r.p])
			risk[i] = math.Exp(eta[i])
		}
	})
	return eta
}

func dot(a, b []float64) (sum float64) {
	b = b[:len(a)]
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// objective is the partial log-likelihood.
func (r *riskSets) objective() objective {
	risk, packed := make([]float64, len(r.weight)), make([]float64, r.p*(r.p+1)/2)
	return func(beta, gradient []float64, information *mat.SymDense) float64 {
		value := 0.0
		clear(gradient)
		clear(packed)
		if !r.walk(beta, risk, func(t *deaths) {
			value += t.sumEta - t.mean*t.log
			t.score(1, gradient)
			t.information(1, packed)
		}) {
			return math.Inf(-1)
		}
		unpack(packed, information)
		return value
	}
}

func unpack(packed []float64, into *mat.SymDense) {
	i := 0
	for j := range into.SymmetricDim() {
		for k := range j + 1 {
			into.SetSym(j, k, packed[i])
			i++
		}
	}
}
