package shop

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// The states of an order.
const (
	Paid      = "paid"
	Cancelled = "cancelled"
	Returned  = "returned"
)

// Order is one order. Money is in minor units, hundredths of its currency.
type Order struct {
	ID         string
	CustomerID string // record it was placed under: the customer's or his twin's
	Time       time.Time
	Currency   string
	Amount     int64 // paid, after discount
	Worth      int64 // Amount as it was drawn, in minor units of the shop's own currency
	Discount   int64 // list price − Amount
	Cost       int64 // what the goods cost the shop
	Channel    string
	Payment    string
	// Status is Paid for the purchases of the truth. Cancelled and returned orders
	// come on top, each placed again and kept the same day, so that taking only
	// what was paid for leaves the truth as it was drawn.
	Status string
}

// twinsPart of the repeat orders of a customer with two records go to the second.
const twinsPart = 1.0 / 3

// undone is the share of orders that were placed once before and undone.
const undone = 0.02

// Orders yields the customer's orders, the first one first.
func (s *Shop) Orders(c Customer) iter.Seq[Order] {
	return func(yield func(Order) bool) {
		rng, clock := s.rng(streamOrders, c.Index), s.rng(streamClock, c.Index)
		purchases := s.process(c.Index, c.Traits)
		var last time.Time
		for n := 0; purchases.next(); {
			at := s.calendar.clock(purchases.now, clock)
			if !at.After(last) { // a second purchase that day, drawn at an earlier hour
				at = last.Add(min(10*time.Minute, endOfDay(last).Sub(last)))
			}
			last = at
			o := s.order(c, at, purchases.bought > 1, rng)
			if purchases.bought > 1 && rng.Float64() < undone {
				n++
				if !yield(undo(o, orderID(c, n), rng)) {
					return
				}
			}
			n++
			o.ID = orderID(c, n)
			if !yield(o) {
				return
			}
		}
	}
}

func orderID(c Customer, number int) string { return fmt.Sprintf("S%08d-%03d", c.Index+1, number) }

func (s *Shop) order(c Customer, at time.Time, repeat bool, rng *rand.Rand) Order {
	o := Order{CustomerID: c.ID, Time: at, Channel: c.Channel, Payment: c.Payment, Status: Paid, Currency: s.config.Currency}
	value := distuv.Gamma{Alpha: s.config.Spend.P, Beta: c.Traits.Nu, Src: rng}.Rand()
	o.Amount = minor(value)
	o.Worth = o.Amount
	share := 0.0
	if rng.Float64() < 0.35 {
		share = 0.05 + 0.25*rng.Float64()
	}
	list := minor(value / (1 - share))
	o.Discount = list - o.Amount
	o.Cost = int64(math.Round(float64(list) * (0.45 + 0.2*rng.Float64())))
	s.abroad(c, &o)
	if rng.Float64() < 0.25 {
		o.Channel = choose(rng, channels)
	}
	if rng.Float64() < 0.15 {
		o.Payment = choose(rng, paymentMethods)
	}
	if rng.Float64() < twinsPart && repeat && c.TwinID != "" {
		o.CustomerID = c.TwinID
	}
	return o
}

// abroad turns the money of an order into the foreign currency, where its customer
// lives where that is paid in.
func (s *Shop) abroad(c Customer, o *Order) {
	if s.config.Foreign == "" || !slices.Contains(foreignPayers, c.Region) {
		return
	}
	rate := float64(rateOn(s.rates, o.Time).scaled) / 10_000
	turned := func(minor int64) int64 { return int64(math.Round(float64(minor) / rate)) }
	list := turned(o.Amount + o.Discount)
	o.Currency = s.config.Foreign
	o.Amount = max(1, turned(o.Amount))
	o.Discount, o.Cost = max(0, list-o.Amount), turned(o.Cost)
}

// undo is the order that came just before o and did not last.
func undo(o Order, id string, rng *rand.Rand) Order {
	o.ID = id
	o.Status = Cancelled
	if rng.Float64() < 0.4 {
		o.Status = Returned
	}
	return o
}

// minor turns an amount into whole minor units, at least one: an order is worth something.
func minor(major float64) int64 {
	return max(1, int64(math.Round(min(major*100, 1e15))))
}
