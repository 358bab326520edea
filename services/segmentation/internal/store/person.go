package store

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Place names a pass whose rows are stored.
type Place struct {
	Segment    string
	Generation int64
}

// MemberRow is a membership with where it stands.
type MemberRow struct {
	Place
	Member
}

// MoveRow is a transition with where it stands.
type MoveRow struct {
	Place
	Move
}

// Places are the passes of which there are members, and those of which there are
// transitions, published or not. They are found by leaping from one to the next.
func (s *Members) Places(ctx context.Context) (members, moves []Place, err error) {
	if members, err = leap(ctx, s.memberships); err != nil {
		return nil, nil, err
	}
	moves, err = leap(ctx, s.transitions)
	return members, moves, err
}

func leap[T any](ctx context.Context, docs *docstore.Collection[T]) (places []Place, err error) {
	for r := (docstore.Range{Limit: 1}); ; {
		met := ""
		for entry, err := range docs.ScanRaw(ctx, r) {
			if err != nil {
				return nil, err
			}
			met = entry.ID
		}
		if met == "" {
			return places, nil
		}
		segment, generation, err := parsePassID(met)
		if err != nil {
			return nil, err
		}
		places = append(places, Place{segment, generation})
		r.From = passID(segment, generation+1)
	}
}

// lookupSize is how many rows are looked up at a time.
const lookupSize = 1000

// lookup hands every row of some customers in some places to found.
func lookup[T any](ctx context.Context, docs *docstore.Collection[T], places []Place, customers []string, found func(Place, string, *T)) error {
	for _, customer := range customers {
		for part := range slices.Chunk(places, lookupSize) {
			ids := make([]string, len(part))
			for i, p := range part {
				ids[i] = rowID(p, customer)
			}
			rows, err := docs.GetMany(ctx, ids)
			if err != nil {
				return err
			}
			for i, row := range rows {
				if row != nil {
					found(part[i], customer, row)
				}
			}
		}
	}
	return nil
}

func rowID(p Place, customer string) string { return passID(p.Segment, p.Generation) + "!" + customer }

// MembersOf are the memberships of some customers in some passes.
func (s *Members) MembersOf(ctx context.Context, places []Place, customers []string) ([]MemberRow, error) {
	var rows []MemberRow
	err := lookup(ctx, s.memberships, places, customers, func(p Place, customer string, m *membership) {
		rows = append(rows, MemberRow{p, Member{customer, m.Since}})
	})
	return rows, err
}

// MovesOf are the transitions of some customers in some passes.
func (s *Members) MovesOf(ctx context.Context, places []Place, customers []string) ([]MoveRow, error) {
	var rows []MoveRow
	err := lookup(ctx, s.transitions, places, customers, func(p Place, customer string, m *transition) {
		rows = append(rows, MoveRow{p, Move{customer, m.Left}})
	})
	return rows, err
}

// EraseMembers removes memberships without a trace.
func (s *Members) EraseMembers(ctx context.Context, rows []MemberRow) error {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = rowID(r.Place, r.Customer)
	}
	return s.memberships.Erase(ctx, ids...)
}

// EraseMoves removes transitions without a trace.
func (s *Members) EraseMoves(ctx context.Context, rows []MoveRow) error {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = rowID(r.Place, r.Customer)
	}
	return s.transitions.Erase(ctx, ids...)
}
