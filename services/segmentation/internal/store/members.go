package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Members keeps the memberships and transitions of passes. A row is written once
// and never changed; they go by whole passes. A customer is named by its escaped
// id here, docstore.ID(id), whose order is that of all rows.
type Members struct {
	memberships *docstore.Collection[membership]
	transitions *docstore.Collection[transition]
}

func openMembers(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Members, error) {
	s := &Members{}
	var errs [2]error
	s.memberships, errs[0] = docstore.Open(ctx, engine, docstore.Schema[membership]{Name: "memberships"}, docstore.WithClock(clock))
	s.transitions, errs[1] = docstore.Open(ctx, engine, docstore.Schema[transition]{Name: "transitions"}, docstore.WithClock(clock))
	return s, errors.Join(errs[:]...)
}

// Member is a row of the members of a pass.
type Member struct {
	Customer string // escaped id
	Since    int64  // generation with which the customer came in
}

// Move is a row of the transitions of a pass.
type Move struct {
	Customer string // escaped id
	Left     bool   // entered otherwise
}

// Between reads the members of a pass behind one customer (empty: all) up to and
// with another (empty: to the end), appending to a slice.
func (s *Members) Between(ctx context.Context, to []Member, segment string, generation int64, after, last string) ([]Member, error) {
	prefix := passID(segment, generation) + "!"
	r := docstore.Prefix(prefix)
	if after != "" {
		r.After = &docstore.Position{ID: prefix + after}
	}
	if last != "" {
		r.To = prefix + last + "!" // the lowest id behind last's
	}
	for entry, err := range s.memberships.ScanRaw(ctx, r) {
		if err != nil {
			return to, err
		}
		m, err := readMember(entry, prefix)
		if err != nil {
			return to, err
		}
		to = append(to, m)
	}
	return to, nil
}

func readMember(entry docstore.Entry, prefix string) (Member, error) {
	since, ok := entry.Doc.Lookup("since").AsInt64OK()
	customer, belongs := strings.CutPrefix(entry.ID, prefix)
	if !ok || !belongs {
		return Member{}, fmt.Errorf("memberships: stored document %q is damaged", entry.ID)
	}
	return Member{customer, since}, nil
}

// Page lists the members of a pass in the order of their escaped ids, from behind
// a position. The position returned is where the next page begins, nil at the end.
func (s *Members) Page(ctx context.Context, segment string, generation int64, after *docstore.Position, size int) ([]Member, *docstore.Position, error) {
	prefix := passID(segment, generation) + "!"
	r := docstore.Prefix(prefix)
	r.After, r.Limit = after, size+1 // one more tells whether there is a next page
	page := make([]Member, 0, size)
	var last docstore.Position
	for entry, err := range s.memberships.ScanRaw(ctx, r) {
		if err != nil {
			return nil, nil, err
		}
		if len(page) == size {
			return page, &last, nil
		}
		m, err := readMember(entry, prefix)
		if err != nil {
			return nil, nil, err
		}
		page, last = append(page, m), entry.Position
	}
	return page, nil, nil
}

// Get returns the memberships of some customers in a pass, nil for who is not in it.
func (s *Members) Get(ctx context.Context, segment string, generation int64, customers []string) ([]*Member, error) {
	prefix := passID(segment, generation) + "!"
	ids := make([]string, len(customers))
	for i, customer := range customers {
		ids[i] = prefix + customer
	}
	docs, err := s.memberships.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	members := make([]*Member, len(docs))
	for i, doc := range docs {
		if doc != nil {
			members[i] = &Member{customers[i], doc.Since}
		}
	}
	return members, nil
}

// Count counts the members and the transitions of a pass.
func (s *Members) Count(ctx context.Context, segment string, generation int64) (members, moves int64, err error) {
	r := docstore.Within(passID(segment, generation))
	if members, err = s.memberships.Count(ctx, r); err != nil {
		return 0, 0, err
	}
	moves, err = s.transitions.Count(ctx, r)
	return members, moves, err
}

// Moves lists the transitions of a pass, the last customer first, from behind a
// position.
func (s *Members) Moves(ctx context.Context, segment string, generation int64, after *docstore.Position, size int) ([]Move, error) {
	prefix := passID(segment, generation) + "!"
	r := docstore.Prefix(prefix)
	r.Reverse, r.After, r.Limit = true, after, size
	var moves []Move
	for doc, err := range s.transitions.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		moves = append(moves, Move{strings.TrimPrefix(doc.ID, prefix), doc.Left})
	}
	return moves, nil
}

// MovePosition is the place of a transition, to go on behind it.
func MovePosition(segment string, generation int64, customer string) docstore.Position {
	return docstore.Position{ID: passID(segment, generation) + "!" + customer}
}

// MoveGeneration is the generation of the transition at a position.
func MoveGeneration(at docstore.Position) (int64, error) {
	_, generation, err := parsePassID(at.ID)
	return generation, err
}
