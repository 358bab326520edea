package domain

import (
	"math"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// History is the counting orders of one customer, as columns of equal length.
type History struct {
	Customer string
	TimeMS   []int64 // since 1970-01-01T00:00:00Z
	Net      []int64 // paid less refunded, minor units
	Cost     []int64 // minor units; Unknown where not known
	// Currency of each order as an index into Codes; empty when all are in Codes[0].
	Currency []uint32
	Codes    []string // ISO 4217
	// Excluded is the customers in front of this one who do not allow to be valued.
	// Of those behind the last customer a history without a customer tells.
	Excluded int64
}

// Unknown marks a cost that is not known.
const Unknown = -1

func malformed(customer, what string) error {
	return fault.New(fault.FailedPrecondition, "HISTORY_MALFORMED",
		"profile sent a purchase history of customer %q that cannot be used: %s", customer, what).With("customer", customer)
}

func (h *History) check() error {
	n := len(h.TimeMS)
	switch {
	case ident.Check("customer_id", h.Customer) != nil:
		return malformed(h.Customer, "that is no customer id")
	case len(h.Net) != n || len(h.Cost) != n || len(h.Currency) != 0 && len(h.Currency) != n:
		return malformed(h.Customer, "its columns differ in length")
	case n > 0 && len(h.Codes) == 0:
		return malformed(h.Customer, "it names no currency")
	}
	for _, code := range h.Codes {
		if !plausibleCode(code) {
			return malformed(h.Customer, "a currency code is not three capital letters")
		}
	}
	for i := range n {
		switch {
		case len(h.Currency) > 0 && int64(h.Currency[i]) >= int64(len(h.Codes)):
			return malformed(h.Customer, "a currency is not among its codes")
		case h.Net[i] < 0 || h.Cost[i] < Unknown:
			return malformed(h.Customer, "an amount is negative")
		case h.TimeMS[i] < minTimeMS || h.TimeMS[i] > maxTimeMS:
			return malformed(h.Customer, "an order lies outside the years 1 to 9999")
		}
	}
	return nil
}

// code is the currency of an order.
func (h *History) code(i int) string {
	if len(h.Currency) == 0 {
		return h.Codes[0]
	}
	return h.Codes[h.Currency[i]]
}

// The times that a timestamp of the API can hold.
const (
	minTimeMS = -62135596800_000
	maxTimeMS = 253402300799_999
)

func plausibleCode(code string) bool {
	capital := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	return len(code) == 3 && capital(code[0]) && capital(code[1]) && capital(code[2])
}

// Account is what the orders of one customer come to as of a date, before the
// currency is chosen in which customers are compared.
type Account struct {
	Customer    string
	Days        int64 // distinct local days with an order
	FirstMS     int64 // time of the first order
	LastMS      int64 // time of the last
	RecencyDays int64 // local days from the last order's to the as-of date
	Purses      []Purse
}

// Purse is the part of an account in one currency; they are sorted by its code.
type Purse struct {
	Currency     string
	Orders       int64
	Revenue      int64 // minor units
	KnownOrders  int64 // those whose cost is known
	KnownRevenue int64 // revenue of those
	KnownCost    int64 // cost of those
}

// Orders is the number of orders in all currencies.
func (a *Account) Orders() int64 {
	var n int64
	for i := range a.Purses {
		n += a.Purses[i].Orders
	}
	return n
}

// Purse returns the part in one currency, without orders where there is none.
func (a *Account) Purse(currency string) Purse {
	for i := range a.Purses {
		if a.Purses[i].Currency == currency {
			return a.Purses[i]
		}
	}
	return Purse{Currency: currency}
}

// Bookkeeper adds up histories. It keeps buffers and serves one goroutine.
type Bookkeeper struct {
	// Counted is the statistics of all accounts since it was last reset.
	Counted *Statistics
	asOf    AsOf
	ages    [len(Periods)]*ages
	days    []int64
}

// NewBookkeeper makes one that adds up as of a moment.
func NewBookkeeper(asOf AsOf) *Bookkeeper {
	b := &Bookkeeper{Counted: NewStatistics(), asOf: asOf}
	for i, period := range Periods {
		b.ages[i] = newAges(period, asOf.Day)
	}
	return b
}

// Account adds up one history into an account, whose Purses are used again. It
// reports whether any order lies before the end of the as-of date; orders from
// then on are left out. Faults: HISTORY_MALFORMED, MONEY_OVERFLOW.
func (b *Bookkeeper) Account(h *History, into *Account) (bool, error) {
	if err := h.check(); err != nil {
		return false, err
	}
	*into = Account{Customer: h.Customer, FirstMS: math.MaxInt64, LastMS: math.MinInt64, Purses: into.Purses[:0]}
	b.days = b.days[:0]
	purse := -1
	for i, at := range h.TimeMS {
		if at >= b.asOf.EndMS {
			continue
		}
		code := h.code(i)
		if purse < 0 || into.Purses[purse].Currency != code {
			purse = into.purseOf(code)
		}
		if !into.Purses[purse].add(h.Net[i], h.Cost[i]) {
			return false, Overflow(h.Customer)
		}
		into.FirstMS, into.LastMS = min(into.FirstMS, at), max(into.LastMS, at)
		b.days = append(b.days, b.asOf.Calendar.Day(at))
	}
	if len(b.days) == 0 {
		return false, nil
	}
	b.Counted.addOrders(h, b.asOf.EndMS, b.days, &b.ages)
	slices.Sort(b.days)
	b.Counted.Gaps.add(b.days, b.asOf.Day)
	into.Days = 1
	for i := 1; i < len(b.days); i++ {
		if b.days[i] != b.days[i-1] {
			into.Days++
		}
	}
	// Where the clocks went back over midnight, the as-of date is not yet over
	// at instants that already belonged to the day after.
	into.RecencyDays = max(0, b.asOf.Day-b.asOf.Calendar.Day(into.LastMS))
	slices.SortFunc(into.Purses, func(x, y Purse) int { return strings.Compare(x.Currency, y.Currency) })
	return true, nil
}

// purseOf returns the index of the purse of a currency, adding it where it is missing.
func (a *Account) purseOf(code string) int {
	for i := range a.Purses {
		if a.Purses[i].Currency == code {
			return i
		}
	}
	a.Purses = append(a.Purses, Purse{Currency: code})
	return len(a.Purses) - 1
}

// add counts one order, and reports whether the sums still fit.
func (p *Purse) add(net, cost int64) bool {
	p.Orders++
	sum, ok := Add(p.Revenue, net)
	p.Revenue = sum
	if cost == Unknown {
		return ok
	}
	p.KnownOrders++
	p.KnownRevenue += net // at most Revenue
	sum, fits := Add(p.KnownCost, cost)
	p.KnownCost = sum
	return ok && fits
}
