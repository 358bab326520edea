package domain

import "time"

// Facts is what rules can know of one customer. The names by which expressions
// call them are in package rule and in docs/facts.md.
type Facts struct {
	Customer Customer
	// AsOf is the instant as of which the customers are valued; zero without valuations.
	AsOf time.Time
	// Valued tells whether the customer has a valuation, which is to have an
	// order before AsOf. Without one all that follows is zero.
	Valued  bool
	Orders  Orders
	Revenue []Money // one entry per currency
	Value   Value
	RFM     Scores
}

// Customer is what profile says. What names or describes a person beyond this is
// no fact, so that no rule can select by it.
type Customer struct {
	ID          string
	Kind        string // INDIVIDUAL, ENTERPRISE, GOVERNMENT; empty when not known
	Gender      string // FEMALE, MALE, OTHER; empty when not stated
	Region      string
	City        string
	Acquisition string // ORGANIC, ADVERTISING, REFERRAL, PROMOTION, SALES; empty when not known
}

// Orders is what valuation says of the orders.
type Orders struct {
	Count       int64
	Days        int64 // distinct days with an order
	FirstTime   time.Time
	LastTime    time.Time
	RecencyDays int64 // whole days from the last order to AsOf
}

// Money is an amount in the minor unit of its currency.
type Money struct {
	Currency string
	Minor    int64
}

// Value is the historic value: revenue less the goods' cost, over the orders
// whose cost is known.
type Value struct {
	Known    bool
	Historic Money
	Coverage float64 // share of the revenue whose orders have a known cost, 0 to 1
}

// Scores are the RFM scores, 1 to 5.
type Scores struct {
	Recency, Frequency, Monetary int
	Cell                         string // e.g. "545"
	Group                        string // one of Groups
	Segment                      string // e.g. "Champions"
}
