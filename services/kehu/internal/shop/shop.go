package shop

import (
	"iter"
	"math/rand/v2"
)

// Shop is a made-up shop. It holds its settings and its calendar only; customers
// and orders are made when asked for. It may be used from several goroutines.
type Shop struct {
	config   Config
	calendar calendar
	rates    []Rate
}

// Generate makes the shop that config describes. It fails on a config that is not
// valid, naming every field that is wrong.
func Generate(config Config) (*Shop, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config.Start = midnight(config.Start, config.Zone)
	config.End = midnight(config.End, config.Zone)
	s := &Shop{
		config:   config,
		calendar: newCalendar(config.Start, daysBetween(config.Start, config.End)),
	}
	s.rates = s.Rates()
	return s, nil
}

// Config returns the settings the shop was made from.
func (s *Shop) Config() Config { return s.config }

// Customers yields every customer once, in the order of their first purchase day.
func (s *Shop) Customers() iter.Seq[Customer] {
	return func(yield func(Customer) bool) {
		for i := range s.config.Customers {
			if !yield(s.customer(i)) {
				return
			}
		}
	}
}

// stream names one of a customer's random sequences. They are kept apart so that
// drawing more from one leaves the others as they were.
type stream uint64

const (
	streamIdentity stream = iota + 1
	streamLiking
	streamTraits
	streamPurchases
	streamClock
	streamOrders
	streamRecordDamage
	streamOrderDamage
	streamTwin
	streamSurvey
	streamReferral
	streamInvitation
	streamHousehold
	streamEmployer
	streamCopies
	streamBasket
	streamRates
	streamVisits
	streamProspect
	streamStranger
	streamConsent
	streamSales
	streamStyle
)

func (s *Shop) rng(of stream, customer int) *rand.Rand {
	return rand.New(rand.NewPCG(scramble(s.config.Seed+scramble(uint64(of))), scramble(uint64(customer))))
}

// scramble is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014): it
// spreads neighbouring numbers over the whole range, as PCG's seeds should be.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// choose draws one of the choices, the first ones more often than the last.
func choose[T any](rng *rand.Rand, choices []T) T {
	u := rng.Float64()
	return choices[int(u*u*float64(len(choices)))]
}
