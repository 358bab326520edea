package strategies

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Rules compiles eligibilities.
type Rules interface {
	// Compile makes a criterion of an expression, or returns a fault that says what is
	// wrong with it, and where.
	Compile(ctx context.Context, expression string) (criterion.Criterion, error)
}

// Segments knows the segments and who is in them.
type Segments interface {
	// Check returns a fault that names field unless there is such a segment.
	Check(ctx context.Context, field, segment string) error
	// Of tells which published segments each customer is in, in the order asked for.
	Of(ctx context.Context, customers []string) ([][]Stay, error)
	// Criterion is what it takes to belong to a segment.
	Criterion(ctx context.Context, segment string) (criterion.Criterion, error)
}

// Stay is a customer's being in a segment.
type Stay struct {
	Segment string
	Since   time.Time // zero where it is not known
}

// Facts are those of customers, nil where there are none.
type Facts interface {
	GetMany(ctx context.Context, customers []string, need facts.Part) ([]*facts.Facts, error)
}

// Consents tells whether customers allow a purpose, in the order asked for.
type Consents interface {
	Allowed(ctx context.Context, purpose string, customers []string) ([]bool, error)
}

// Styles judges behaviour styles.
type Styles interface {
	Style(ctx context.Context, customer string) (StyleFound, error)
}

// StyleFound is a behaviour style, and what is advised for it.
type StyleFound struct {
	Style      Style
	Confidence float64 // 0 of an unknown one
	Advice     Text
}

// Campaigns are experiments.
type Campaigns interface {
	// HeldOut tells which running campaign holds a customer out from an action of a
	// strategy; empty for none.
	HeldOut(ctx context.Context, customer, strategy, action string) (campaign string, err error)
	// Measured is what a campaign has measured in the end.
	Measured(ctx context.Context, campaign string) (Measurement, error)
}

// Measurement is the lift of the share that orders.
type Measurement struct {
	Ended            bool // otherwise nothing else is set
	Lift, Low, High  float64
	Level            float64
	Method, Currency string
}

// Move is a customer's entering or leaving a segment.
type Move struct {
	Segment, Customer string
	Left              bool // entered otherwise
	At                time.Time
	Generation        int64
	Cause             string
}

// Moves is the feed of moves of all segments, in the order of their publication.
type Moves interface {
	// Feed returns up to limit moves behind a cursor (empty: from the beginning of what
	// is kept) and where to go on from; fewer where there are no more now.
	Feed(ctx context.Context, cursor string, limit int) (moves []Move, next string, err error)
}
