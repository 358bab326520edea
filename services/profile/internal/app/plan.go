package app

import (
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// plan decides what becomes of an order, given what is stored, and returns what
// is to be written, nil for nothing.
func plan(given, stored *domain.Order, src domain.Source) (*domain.Order, Outcome) {
	if stored == nil {
		write := given.New()
		write.Origin = origin(src, given.Row, true)
		return &write, Outcome{Effect: Created}
	}
	if out, known := repeated(stored.Origin, src, given.Row); known {
		return nil, out
	}
	write, err := stored.Correct(given)
	if err != nil {
		return nil, refusedBy(err)
	}
	if src.Import != "" {
		write.KeepItems(stored)
	}
	if stored.SameContent(&write) {
		return nil, Outcome{Effect: Unchanged}
	}
	if src.Import != "" {
		write.Origin = origin(src, given.Row, false)
	}
	return &write, Outcome{Effect: Updated}
}

// refusedBy is the outcome of a record whose check failed. All that a record's
// check returns is faults.
func refusedBy(err error) Outcome {
	f, ok := fault.As(err)
	if !ok {
		f = fault.New(fault.Internal, "INTERNAL", "internal error").Because(err)
	}
	return refused(f)
}
