package app

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// AddMembers puts customers on the list that defines a segment, and returns those of
// whom nothing is known. Faults: SEGMENT_NOT_FOUND, SEGMENT_IS_NO_LIST, SEGMENT_ARCHIVED.
func (a *App) AddMembers(ctx context.Context, segment string, customers []string) (unknown []string, err error) {
	return a.relist(ctx, segment, customers, a.facts.AddToList)
}

// RemoveMembers takes customers off the list that defines a segment, as AddMembers puts
// them on it.
func (a *App) RemoveMembers(ctx context.Context, segment string, customers []string) (unknown []string, err error) {
	return a.relist(ctx, segment, customers, a.facts.RemoveFromList)
}

func (a *App) relist(ctx context.Context, segment string, customers []string, change func(context.Context, string, []string) ([]string, error)) ([]string, error) {
	s, err := a.store.Segments.Get(ctx, segment)
	switch {
	case err != nil:
		return nil, err
	case !s.Definition.List:
		return nil, fault.New(fault.FailedPrecondition, "SEGMENT_IS_NO_LIST", "segment %q is not defined by a list: its members follow from its definition", segment).
			With("segment", "segments/"+segment)
	case s.State == domain.Archived:
		return nil, archived(segment)
	}
	customers = slices.Clone(customers)
	slices.Sort(customers)
	unknown, err := change(ctx, s.ListKey(), slices.Compact(customers))
	if err == nil {
		a.worker.Wake()
	}
	return unknown, err
}
