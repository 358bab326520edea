package shop

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// Traits are what nobody sees in the data: the values a customer was drawn with.
type Traits struct {
	Rate   float64 `json:"rate"`   // λ: purchases per week while a customer
	Leave  float64 `json:"leave"`  // p: chance to leave after each repeat purchase
	Nu     float64 `json:"nu"`     // ν: an order is worth P/ν in the mean, in major units
	Liking float64 `json:"liking"` // how he likes the shop, standard normal
}

// likingOfLeaving is the correlation of liking with the normal score of the
// chance to leave: who likes the shop stays.
const likingOfLeaving = -0.6

func (s *Shop) liking(customer int) float64 {
	return s.rng(streamLiking, customer).NormFloat64()
}

func (s *Shop) traits(customer int) Traits {
	rng := s.rng(streamTraits, customer)
	b, g := s.config.Purchases, s.config.Spend
	t := Traits{Liking: s.liking(customer)}
	t.Rate = distuv.Gamma{Alpha: b.R, Beta: b.Alpha, Src: rng}.Rand()
	// A Gaussian copula ties leaving to liking and leaves its Beta law as it is.
	other := math.Sqrt(1-likingOfLeaving*likingOfLeaving) * rng.NormFloat64()
	t.Leave = distuv.Beta{Alpha: b.A, Beta: b.B}.Quantile(distuv.UnitNormal.CDF(likingOfLeaving*t.Liking + other))
	t.Nu = distuv.Gamma{Alpha: g.Q, Beta: g.Gamma, Src: rng}.Rand()
	return t
}

// arrival is when a customer buys first, in days since the start. Customers come
// in the order of their index, one in each n-th of the calendar's newcomers.
func (s *Shop) arrival(customer int) float64 {
	u := s.rng(streamPurchases, customer).Float64()
	return s.calendar.arrival((float64(customer) + u) / float64(s.config.Customers))
}

// process is one customer's purchases as BG/NBD has them.
type process struct {
	rng    *rand.Rand
	traits Traits
	now    float64 // days since the start, of the purchase last returned
	end    float64 // days since the start
	bought int
	left   bool // has left for good before the end
	over   bool
}

func (s *Shop) process(customer int, traits Traits) *process {
	rng := s.rng(streamPurchases, customer)
	rng.Float64() // arrival's
	return &process{rng: rng, traits: traits, now: s.arrival(customer), end: s.calendar.days()}
}

// next moves to the next purchase; it reports false after the last one.
func (p *process) next() bool {
	if p.over {
		return false
	}
	if p.bought > 0 {
		if p.bought > 1 && p.rng.Float64() < p.traits.Leave {
			p.left = true
		}
		p.now += 7 * p.rng.ExpFloat64() / p.traits.Rate
		if p.left || p.now >= p.end {
			p.over = true
			return false
		}
	}
	p.bought++
	return true
}
