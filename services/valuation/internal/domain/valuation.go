package domain

import "github.com/kehuhq/kehu/pkg/stat"

// Valuation is what a customer has been worth, as of the date of its refresh.
type Valuation struct {
	Customer        string
	Orders          int64
	Days            int64 // distinct local days with an order
	FirstMS, LastMS int64 // times of the first and last order
	RecencyDays     int64
	// Revenue is paid less refunded per currency, the valuation's first, the
	// others by their codes.
	Revenue []Money
	// Historic is revenue less cost over the orders in the valuation's currency
	// whose cost is known.
	Historic Optional
	// Coverage is the share of the revenue in the valuation's currency whose
	// orders have a known cost, 0 to 1. Where that revenue is 0, it is 1 if the
	// cost of every order is known and 0 otherwise.
	Coverage float64
	Average  Optional // mean of the orders in the valuation's currency
	Scores   Scores
	// AgeDays is the local days from the first order's to the as-of date.
	AgeDays int64
	// RepeatDays is the days behind the first with an order in the valuation's
	// currency, and RepeatRevenue what they brought, minor units.
	RepeatDays, RepeatRevenue int64
	Prediction                Prediction
}

// Scores is a customer's RFM scores against all others, each 1 to 5.
type Scores struct {
	R, F, M uint8
	Group   stat.Group
}

// Cell is the scores as one, e.g. "545".
func (s Scores) Cell() string { return stat.RFM{R: s.R, F: s.F, M: s.M}.String() }

// Segment is the English segment, by recency and frequency.
func (s Scores) Segment() stat.EnglishSegment {
	segment, err := stat.EnglishSegmentOf(s.R, s.F)
	if err != nil {
		return 0 // not scored
	}
	return segment
}

// Value turns an account into a valuation in a currency, whose Revenue is used again.
func (a *Account) Value(currency string, scores Scores, into *Valuation) {
	p := a.Purse(currency)
	*into = Valuation{
		Customer: a.Customer, Orders: a.Orders(), Days: a.Days, FirstMS: a.FirstMS, LastMS: a.LastMS,
		RecencyDays: a.RecencyDays, Revenue: append(into.Revenue[:0], Money{currency, p.Revenue}), Scores: scores,
		AgeDays: a.AgeDays, RepeatDays: p.RepeatDays, RepeatRevenue: p.RepeatRevenue,
	}
	for i := range a.Purses {
		if other := &a.Purses[i]; other.Currency != currency {
			into.Revenue = append(into.Revenue, Money{other.Currency, other.Revenue})
		}
	}
	if p.Orders > 0 {
		into.Average = Known(mean(p.Revenue, p.Orders))
	}
	if p.KnownOrders > 0 {
		into.Historic = Known(p.KnownRevenue - p.KnownCost)
		into.Coverage = share(p.KnownRevenue, p.Revenue)
		if p.Revenue == 0 && p.KnownOrders == p.Orders {
			into.Coverage = 1
		}
	}
}
