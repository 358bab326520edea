// Package quality says how good the records of customers are: what is missing,
// cannot be true, contradicts itself, stands twice or is out of date, and what to
// fix first.
package quality

import (
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Dimension is what a check is about.
type Dimension uint8

// The dimensions.
const (
	Completeness Dimension = iota + 1
	Accuracy
	Consistency
	Uniqueness
	Freshness
)

// Dimensions lists them.
var Dimensions = []Dimension{Completeness, Accuracy, Consistency, Uniqueness, Freshness}

// Verdict is what a check says of one record.
type Verdict uint8

// The verdicts. A check that does not apply, for a value is missing, counts for
// nothing.
const (
	Skipped Verdict = iota
	Passed
	Failed
)

// failedIf is Failed or Passed.
func failedIf(wrong bool) Verdict {
	if wrong {
		return Failed
	}
	return Passed
}

// Record is what is known of one customer.
type Record struct {
	*domain.Customer
	Orders     int64               // that count
	Bought     map[string]Spending // they by currency
	FirstOrder time.Time
	LastOrder  time.Time
	LastEvent  time.Time
	// Candidate reports an open candidate for a duplicate.
	Candidate bool
}

// Spending is orders in one currency and what they brought, less refunds, in
// minor units.
type Spending struct{ Orders, Minor int64 }

// Text is a text in both languages of the product.
type Text struct{ En, Zh string }

// Rule is one check.
type Rule struct {
	ID        string // stable, UPPER_SNAKE
	Dimension Dimension
	Field     string // as in DataQualityPolicy.expected_fields; empty for the whole record
	What      Text   // what is wrong
	Advice    Text   // what to do
	Command   string // that fixes it, or helps to
	Check     func(*Record, *Base) Verdict
}

// Base is what a check may know of the other records, and of the time.
type Base struct {
	Now    time.Time
	Policy Policy
	heaps  *Heaps // nil where one record is checked by itself
}

// Policy is how to assess.
type Policy struct {
	Expected       []string
	StaleAfterDays int
	Examples       int
}

// WithDefaults fills in what is not stated.
func (p Policy) WithDefaults() Policy {
	if len(p.Expected) == 0 {
		p.Expected = []string{"display_name", "kind", "gender", "birth_date", "region", "city", "phone", "email", "acquisition"}
	}
	if p.StaleAfterDays == 0 {
		p.StaleAfterDays = 365
	}
	if p.Examples == 0 {
		p.Examples = 5
	}
	return p
}

// Rules are all checks of a policy: one for each expected field, and the standing ones.
func (p Policy) Rules() []Rule {
	var all []Rule
	for _, field := range p.Expected {
		all = append(all, missing(field))
	}
	return append(append(all, valueRules...), recordRules...)
}
