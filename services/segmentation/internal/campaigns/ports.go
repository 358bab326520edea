package campaigns

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Rules compiles rules that say who takes part.
type Rules interface {
	Compile(ctx context.Context, expression string) (criterion.Criterion, error)
}

// Segments knows the segments and who is in them.
type Segments interface {
	// Check returns a fault that names field unless there is such a segment.
	Check(ctx context.Context, field, segment string) error
	// Size is how many members a segment shows, and of which generation; a fault
	// SEGMENT_NOT_PUBLISHED before it was formed.
	Size(ctx context.Context, segment string) (members, generation int64, err error)
	// Members are up to size members of a generation, behind a customer (empty: from
	// the first), in the order of escaped ids.
	Members(ctx context.Context, segment string, generation int64, after string, size int) (customers []string, more bool, err error)
	// In tells the ids of the segments that show each customer.
	In(ctx context.Context, customers []string) ([][]string, error)
}

// Facts are those of customers; facts.Store has them.
type Facts interface {
	Scan(ctx context.Context, from, to string, need facts.Part) iter.Seq2[*facts.Facts, error]
	GetMany(ctx context.Context, customers []string, need facts.Part) ([]*facts.Facts, error)
	Sample(ctx context.Context, n int, need facts.Part) (sample []*facts.Facts, population int64, exact bool, err error)
}

// Journal is a run of an operation, as far as starting a campaign needs it.
type Journal interface {
	// Checkpoint makes a state durable.
	Checkpoint(ctx context.Context, state StartState) error
	Progress(done, total int64, stage string)
}
