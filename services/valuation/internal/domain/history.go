package domain

import (
	"cmp"
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
	AgeDays     int64 // local days from the first order's to the as-of date, no fewer than RecencyDays
	// GapHalves is twice the median of the days between successive days with an
	// order, so that it is whole; 0 where there is one day only.
	GapHalves int64
	Purses    []Purse
}

// Purse is the part of an account in one currency; they are sorted by its code.
type Purse struct {
	Currency     string
	Orders       int64
	Revenue      int64 // minor units
	KnownOrders  int64 // those whose cost is known
	KnownRevenue int64 // revenue of those
	KnownCost    int64 // cost of those
	// RepeatDays is the distinct days behind the customer's first with an order in
	// the currency, and RepeatRevenue what those days brought.
	RepeatDays    int64
	RepeatRevenue int64
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
	gaps    []int64
	paid    []payDay
}

// payDay is a day on which a customer ordered in a currency, that of a purse.
type payDay struct {
	purse int
	day   int64
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
	b.repeats(h, into)
	slices.Sort(b.days)
	b.Counted.Gaps.add(b.days, b.asOf.Day)
	b.rhythm(into)
	// Where the clocks went back over midnight, the as-of date is not yet over
	// at instants that already belonged to the day after.
	into.RecencyDays = max(0, b.asOf.Day-b.asOf.Calendar.Day(into.LastMS))
	into.AgeDays = max(into.RecencyDays, b.asOf.Day-b.days[0])
	slices.SortFunc(into.Purses, func(x, y Purse) int { return strings.Compare(x.Currency, y.Currency) })
	return true, nil
}

// repeats adds to each purse the orders that are not of the customer's first day.
func (b *Bookkeeper) repeats(h *History, into *Account) {
	first, next := slices.Min(b.days), 0
	b.paid = b.paid[:0]
	for i, at := range h.TimeMS {
		if at >= b.asOf.EndMS {
			continue
		}
		day := b.days[next]
		next++
		if day == first {
			continue
		}
		purse := into.purseOf(h.code(i))
		into.Purses[purse].RepeatRevenue += h.Net[i] // at most Revenue
		b.paid = append(b.paid, payDay{purse, day})
	}
	slices.SortFunc(b.paid, func(x, y payDay) int { return cmp.Or(cmp.Compare(x.purse, y.purse), cmp.Compare(x.day, y.day)) })
	for i, p := range b.paid {
		if i == 0 || p != b.paid[i-1] {
			into.Purses[p.purse].RepeatDays++
		}
	}
}

// rhythm counts the distinct days of the sorted days, and finds the median of
// what lies between them.
func (b *Bookkeeper) rhythm(into *Account) {
	into.Days = 1
	b.gaps = b.gaps[:0]
	for i := 1; i < len(b.days); i++ {
		if gap := b.days[i] - b.days[i-1]; gap > 0 {
			into.Days++
			b.gaps = append(b.gaps, gap)
		}
	}
	if n := len(b.gaps); n > 0 {
		slices.Sort(b.gaps)
		into.GapHalves = b.gaps[(n-1)/2] + b.gaps[n/2]
	}
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
