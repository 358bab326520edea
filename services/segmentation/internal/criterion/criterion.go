// Package criterion says what it takes to belong to a segment, whatever the kind of
// its definition: a rule, RFM groups, a static list, a label of a scheme's run.
package criterion

import (
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Criterion tells of a customer whether it belongs to a segment. It is safe for
// concurrent use.
type Criterion interface {
	// Evaluate answers for a case. An error is one of the definition for this
	// customer, such as a division by zero: a FailedPrecondition fault.
	Evaluate(c *Case) (Verdict, error)
	// Reads are the names of the facts that decide, e.g. "orders.count", in order:
	// their values are recorded with each transition.
	Reads() []string
	// Segments are the ids of the segments that it asks about, in order.
	Segments() []string
	// Explain tells why, with values, and what would have to change.
	Explain(c *Case) Explanation
}

// Case is one customer at one instant.
type Case struct {
	Facts *facts.Facts
	// At is the present time, whole milliseconds, UTC.
	At time.Time
	// In tells whether the customer is in another segment, by its id. Only segments
	// that the criterion names are asked for.
	In func(segment string) (bool, error)
}

// Verdict is an answer, and how long it stands. Beside an error it tells how long
// that stands.
type Verdict struct {
	Belongs bool
	// Until is the next instant at which the answer can change though no fact does;
	// zero is never. It is after the case's At. It may be early, never late.
	Until time.Time
}

// Explanation is why a customer belongs to a segment, or does not.
type Explanation struct {
	Belongs bool
	// Failure is why it could not be told; empty where it could.
	Failure string
	// Conditions is the tree of what was asked, the whole first.
	Conditions Condition
	// Distances are told of clusters, nearest centre first.
	Distances []Distance
}

// Condition is a part of a definition.
type Condition struct {
	Text string // as it was written, e.g. `orders.count >= 3`
	// Operator joins the children: "and", "or", "not", and "if", whose first child
	// decides which of the other two is asked; empty of a leaf.
	Operator string
	Children []Condition
	Holds    bool
	// Decided tells that the answer would be another if this did not hold as it does.
	Decided bool
	// Skipped tells that it was not asked, because the answer was clear without it.
	Skipped bool
	Failure string
	Values  []Value // of the facts it reads
	// Change is what would make a leaf hold, or not hold, in both languages, e.g.
	// "orders.count is 2 and would have to be at least 3"; empty where it cannot be told.
	Change, ChangeZh string
	// At is when the condition changes by itself though no fact does; zero is never.
	At time.Time
}

// Value is what a fact was.
type Value struct {
	Fact string // e.g. "orders.count", "days_since(orders.last_time)"
	// Text is the value as people read it, e.g. "3", "2026-06-19T03:00:00Z", "广东";
	// empty is not known.
	Text string
}

// Distance is how far a customer is from a centre.
type Distance struct {
	Label    string
	Distance float64 // in scaled units
	// Features are what moves the customer towards or away, most first.
	Features []Contribution
}

// Contribution is a feature's part in being nearer to the own centre than to another.
type Contribution struct {
	Feature string
	Value   float64 // the customer's
	Centre  float64 // in the feature's unit
	// Share is the feature's part of the difference between the squared distances.
	Share float64
	// Flip is the value of this feature alone at which the other centre would be
	// the nearer one; nil where there is none.
	Flip *float64
}
