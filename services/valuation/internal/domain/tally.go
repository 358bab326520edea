package domain

import (
	"cmp"
	"slices"
)

// Tally is what all accounts together come to.
type Tally struct {
	Customers  int64
	Orders     int64
	Repeaters  int64 // customers with orders on two days or more
	Currencies map[string]Turnover
}

// Turnover is the orders in one currency and what they brought.
type Turnover struct {
	Orders       int64
	Revenue      int64 // minor units
	KnownRevenue int64 // of the orders whose cost is known
	KnownCost    int64 // of those
}

// Add counts one account. Fault: MONEY_OVERFLOW.
func (t *Tally) Add(a *Account) error {
	if t.Currencies == nil {
		t.Currencies = make(map[string]Turnover)
	}
	t.Customers++
	if a.Days >= 2 {
		t.Repeaters++
	}
	for i := range a.Purses {
		p := &a.Purses[i]
		t.Orders += p.Orders
		turnover := t.Currencies[p.Currency]
		sum, fits := Add(turnover.Revenue, p.Revenue)
		cost, costFits := Add(turnover.KnownCost, p.KnownCost)
		if !fits || !costFits {
			return Overflow(a.Customer)
		}
		t.Currencies[p.Currency] = Turnover{turnover.Orders + p.Orders, sum, turnover.KnownRevenue + p.KnownRevenue, cost}
	}
	return nil
}

// Commonest is the currency with most orders, of several the first by its code;
// empty where there are no orders.
func (t *Tally) Commonest() string {
	if codes := t.byOrders(); len(codes) > 0 {
		return codes[0]
	}
	return ""
}

// byOrders lists the currencies, those with most orders first.
func (t *Tally) byOrders() []string {
	codes := make([]string, 0, len(t.Currencies))
	for code := range t.Currencies {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.Currencies[b].Orders, t.Currencies[a].Orders), cmp.Compare(a, b))
	})
	return codes
}

// RepeatRate is the share of customers with orders on at least two distinct days.
func (t *Tally) RepeatRate() float64 { return share(t.Repeaters, t.Customers) }
