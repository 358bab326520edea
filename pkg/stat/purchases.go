package stat

import (
	"math"
	"slices"
	"sync"
)

// Purchases are orders in columns, a row for each, in any order.
type Purchases struct {
	// Customer numbers customers from 0 to Customers−1.
	Customer  []uint32
	Customers int
	Day       []int32 // of the order, counted from any day
	Amount    []int64 // minor units, all of one currency
}

// RFMValues are what customers are scored by, a row for each. A customer without an
// order up to the day has Frequency 0; it is to be left out of scoring.
type RFMValues struct {
	Recency   []int64 // days since the last order, 0 or more
	Frequency []int64 // distinct days with an order
	Monetary  []int64 // sum of the amounts, minor units
}

// Values sums up the orders up to and with the day asOf. It uses the cores given,
// 1 or more, and 4 bytes for each order besides its result.
//
// It fails where columns differ in length, a customer has no number below
// Customers, or a sum is beyond an int64.
func (p Purchases) Values(asOf int32, cores int) (RFMValues, error) {
	if err := p.check(); err != nil {
		return RFMValues{}, err
	}
	n := len(p.Customer)
	cores = max(1, min(cores, n/100_000+1))
	parts := make([]purchasePart, cores)
	inParallel(cores, func(k int) {
		parts[k] = p.sum(asOf, k*n/cores, (k+1)*n/cores)
	})
	v := RFMValues{Recency: make([]int64, p.Customers), Frequency: make([]int64, p.Customers), Monetary: make([]int64, p.Customers)}
	starts, err := join(parts, v, asOf)
	if err != nil {
		return RFMValues{}, err
	}
	days := make([]int32, starts[p.Customers])
	inParallel(cores, func(k int) {
		p.place(days, parts[k].totals, asOf, k*n/cores, (k+1)*n/cores)
	})
	inParallel(cores, func(k int) {
		for c := k * p.Customers / cores; c < (k+1)*p.Customers/cores; c++ {
			v.Frequency[c] = distinct(days[starts[c]:starts[c+1]])
		}
	})
	return v, nil
}

func (p Purchases) check() error {
	n := len(p.Customer)
	switch {
	case len(p.Day) != n || len(p.Amount) != n:
		return outside("p", "must have columns of one length, got %d customers, %d days, %d amounts", n, len(p.Day), len(p.Amount))
	case n > math.MaxInt32:
		return outside("p", "must have at most %d orders, got %d", math.MaxInt32, n)
	case p.Customers < 0 || p.Customers > math.MaxInt32:
		return outside("p", "must have 0 to %d customers, got %d", math.MaxInt32, p.Customers)
	}
	for i, c := range p.Customer {
		if int(c) >= p.Customers {
			return outside("p", "must number customers below %d, got %d in row %d", p.Customers, c, i)
		}
	}
	return nil
}

// purchaseTotal is one customer's, in a part of the rows. They lie together, as the
// next row is another customer's and each would be a miss of the cache of its own.
type purchaseTotal struct {
	amount int64
	last   int32
	orders int32 // and later, where the next of its days goes
}

type purchasePart struct {
	totals   []purchaseTotal
	overflow bool
}

func (p Purchases) sum(asOf int32, from, to int) purchasePart {
	part := purchasePart{totals: make([]purchaseTotal, p.Customers)}
	for i := from; i < to; i++ {
		day, amount := p.Day[i], p.Amount[i]
		if day > asOf {
			continue
		}
		t := &part.totals[p.Customer[i]]
		if t.orders == 0 || day > t.last {
			t.last = day
		}
		t.orders++
		sum := t.amount + amount
		// The sum of two numbers of one sign has that sign.
		part.overflow = part.overflow || (t.amount^sum)&(amount^sum) < 0
		t.amount = sum
	}
	return part
}

// join adds up the parts, and returns where each customer's days begin. It leaves
// in each part where the days go that it has itself.
func join(parts []purchasePart, v RFMValues, asOf int32) (starts []int32, err error) {
	customers := len(v.Recency)
	starts = make([]int32, customers+1)
	overflow := false
	at := int32(0)
	for c := range customers {
		starts[c] = at
		last, amount := int32(math.MinInt32), int64(0)
		for k := range parts {
			t := &parts[k].totals[c]
			if t.orders == 0 {
				continue
			}
			last = max(last, t.last)
			sum := amount + t.amount
			overflow = overflow || (amount^sum)&(t.amount^sum) < 0
			amount = sum
			t.orders, at = at, at+t.orders
		}
		if at > starts[c] {
			v.Recency[c], v.Monetary[c] = int64(asOf)-int64(last), amount
		}
	}
	starts[customers] = at
	for _, part := range parts {
		overflow = overflow || part.overflow
	}
	if overflow {
		return nil, outside("p", "must have amounts whose sum by customer fits 64 bits")
	}
	return starts, nil
}

// place puts the days of each customer together.
func (p Purchases) place(days []int32, totals []purchaseTotal, asOf int32, from, to int) {
	for i := from; i < to; i++ {
		if day := p.Day[i]; day <= asOf {
			t := &totals[p.Customer[i]]
			days[t.orders] = day
			t.orders++
		}
	}
}

// distinct counts different days, and leaves them in order.
func distinct(days []int32) (n int64) {
	if len(days) > 1 {
		slices.Sort(days)
	}
	for i := range days {
		if i == 0 || days[i] != days[i-1] {
			n++
		}
	}
	return n
}

func inParallel(n int, do func(k int)) {
	if n == 1 {
		do(0)
		return
	}
	var all sync.WaitGroup
	for k := range n {
		all.Go(func() { do(k) })
	}
	all.Wait()
}
