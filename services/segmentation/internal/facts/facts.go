// Package facts holds what is known of customers for grouping them. Facts are
// instants and amounts, never ages: what depends on the present time is worked out
// when a rule is asked. docs/facts.md is the facts for those who write rules.
package facts

import "time"

// Facts is what is known of one customer. Empty and zero is not known.
type Facts struct {
	Customer Customer
	Orders   Orders
	Revenue  []Money // one entry per currency
	Feedback Feedback
	Referral Referral
	// Lists are the static segments that the customer was put on, in order.
	Lists []string

	// What follows is of one refresh of the valuations and stands still until the
	// next. Valued tells whether the customer has a valuation, which is to have an
	// order before AsOf; without one it is zero but for AsOf.
	AsOf       time.Time
	Edition    int64 // the refresh; 0 without
	Valued     bool
	Value      Value
	RFM        Scores
	Prediction Prediction
}

// Customer is what profile says. What names a person, or is kept apart for being
// sensitive, is no fact, so that no rule can select by it.
type Customer struct {
	ID            string
	Kind          string // INDIVIDUAL, ENTERPRISE, GOVERNMENT
	Gender        string // FEMALE, MALE, OTHER
	Country       string // as recorded, e.g. "CN"
	Region        string
	City          string
	Area          string // URBAN, SUBURBAN, RURAL
	Acquisition   string // ORGANIC, ADVERTISING, REFERRAL, PROMOTION, SALES
	BirthDate     Date
	Education     string // as profile's enum without its prefix
	Occupation    string
	MaritalStatus string
	HouseholdSize int64
	IncomeBand    string
	Interests     []string
	Lifestyles    []string
	Brands        []string // preferred
	Channels      []string // preferred
	Stage         string   // of the journey, e.g. DECISION; empty before the first
	StageTime     time.Time
	CreateTime    time.Time
	LastSeenTime  time.Time // of the last event
	// When the customer last looked at a product, searched, and had to do with the cart.
	LastViewTime, LastSearchTime, LastCartTime time.Time
	// Attributes are those that the company has defined: string, int64, float64,
	// bool, time.Time, Date or []string, by the definition's type.
	Attributes map[string]any
}

// Date is a calendar date. Zero parts are not known.
type Date struct{ Year, Month, Day int }

// MaxRecent is how many of the latest orders Facts holds.
const MaxRecent = 500

// Orders is what the counting orders come to.
type Orders struct {
	Count     int64
	Days      int64 // distinct days with an order
	FirstTime time.Time
	LastTime  time.Time
	// Recent are the latest MaxRecent, the oldest first.
	Recent []Order
}

// Order is one counting order.
type Order struct {
	Time time.Time
	Net  Money // paid less refunded
}

// Money is an amount in the minor unit of its currency.
type Money struct {
	Currency string
	Minor    int64
}

// Feedback is what the customer answered.
type Feedback struct {
	Responses int64
	// Satisfaction is the last answer as a share of its scale, 0 to 1.
	Satisfaction     float64
	LastResponseTime time.Time // zero without an answer
}

// Referral is whom the customer brought.
type Referral struct {
	Invitations     int64
	Referees        int64 // who signed up
	Qualified       int64 // of whom a referral qualified
	LastQualifyTime time.Time
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
	Group                        string // one of the eight, e.g. "IMPORTANT_VALUE"
	Segment                      string // e.g. "Champions"
}

// Prediction is what fitted models expect. A pointer is nil where they cannot tell.
type Prediction struct {
	Alive          *float64 // probability, 0 to 1
	ChurnRisk      *float64
	Churned        *bool
	ExpectedOrders *float64 // within the refresh's horizon
	Residual       *Money   // value still to come
	NextOrderDays  *float64
	Overdue        *float64 // days since the last order as a multiple of the usual
}
