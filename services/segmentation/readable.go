package segmentation

import (
	"context"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
)

// readableRules refuse a rule that reads what has never been read of everybody, with the
// faults of readable: who has something depend on its answer waits, or fails.
type readableRules struct{ *parts }

func (r readableRules) Compile(ctx context.Context, expression string) (criterion.Criterion, error) {
	c, err := r.criteria.Compile(ctx, expression)
	if err != nil {
		return nil, err
	}
	return c, r.readable(ctx, c)
}

// tellingRules answer in place of such a rule that it cannot be told, and why: for who
// shows the answer beside others.
type tellingRules struct{ *parts }

func (r tellingRules) Compile(ctx context.Context, expression string) (criterion.Criterion, error) {
	c, err := r.criteria.Compile(ctx, expression)
	if err != nil {
		return nil, err
	}
	unread := r.readable(ctx, c)
	if f, is := fault.As(unread); is && f.Kind == fault.FailedPrecondition {
		return untold{c, f}, nil
	}
	return c, unread
}

// untold is a criterion of which it cannot be told of anybody.
type untold struct {
	criterion.Criterion
	why *fault.Fault
}

func (u untold) Evaluate(*criterion.Case) (criterion.Verdict, error) {
	return criterion.Verdict{}, u.why
}

func (u untold) Explain(*criterion.Case) criterion.Explanation {
	return criterion.Explanation{Failure: u.why.Message}
}
