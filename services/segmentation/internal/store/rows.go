package store

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// membership and transition are rows as they are stored.
type membership struct {
	docstore.Meta `bson:",inline"`
	Since         int64 `bson:"since"`
}

type transition struct {
	docstore.Meta `bson:",inline"`
	Left          bool `bson:"left"`
}

var (
	_ bson.Marshaler = (*membership)(nil)
	_ bson.Marshaler = (*transition)(nil)
)

// Rows is what a pass writes of one segment at a time.
type Rows struct {
	Segment    string
	Generation int64
	Members    []Member
	Moves      []Move
}

// writeSize is how many rows are written together, writeAtOnce how many such
// writes go on at the same time, so that one is encoded while another is synced.
const (
	writeSize   = 1000
	writeAtOnce = 4
)

// Write stores rows that are not there yet. One that is, is an error
// docstore.ErrConflict: somebody else is forming the same pass.
func (s *Members) Write(ctx context.Context, rows []Rows) error {
	var memberships []docstore.Op[membership]
	var transitions []docstore.Op[transition]
	for _, r := range rows {
		prefix := passID(r.Segment, r.Generation) + "!"
		for _, m := range r.Members {
			memberships = append(memberships, docstore.Op[membership]{Doc: &membership{
				Meta: docstore.Meta{ID: prefix + m.Customer}, Since: m.Since,
			}})
		}
		for _, m := range r.Moves {
			transitions = append(transitions, docstore.Op[transition]{Doc: &transition{
				Meta: docstore.Meta{ID: prefix + m.Customer}, Left: m.Left,
			}})
		}
	}
	// One that fails does not break off the others: what they write would land
	// when the caller has long gone on.
	var group errgroup.Group
	group.SetLimit(writeAtOnce)
	write(ctx, &group, s.memberships, memberships)
	write(ctx, &group, s.transitions, transitions)
	return group.Wait()
}

func write[T any](ctx context.Context, group *errgroup.Group, docs *docstore.Collection[T], ops []docstore.Op[T]) {
	for len(ops) > 0 {
		part := ops[:min(writeSize, len(ops))]
		ops = ops[len(part):]
		group.Go(func() error {
			errs, err := docs.Write(ctx, part)
			if err != nil {
				return err
			}
			return errors.Join(errs...)
		})
	}
}

// PurgeMembers removes the members of a pass.
func (s *Members) PurgeMembers(ctx context.Context, segment string, generation int64) error {
	return s.memberships.Purge(ctx, docstore.Within(passID(segment, generation)))
}

// Purge removes the members and transitions of a pass that are behind a customer,
// or all.
func (s *Members) Purge(ctx context.Context, segment string, generation int64, after string) error {
	r := docstore.Within(passID(segment, generation))
	if after != "" {
		r.From += after + "!"
	}
	return s.purge(ctx, r)
}

// PurgeAll removes the members and transitions of all passes up to a generation.
func (s *Members) PurgeAll(ctx context.Context, segment string, upTo int64) error {
	return s.purge(ctx, docstore.Range{From: passID(segment, 0), To: passID(segment, upTo+1)})
}

func (s *Members) purge(ctx context.Context, r docstore.Range) error {
	if err := s.memberships.Purge(ctx, r); err != nil {
		return err
	}
	return s.transitions.Purge(ctx, r)
}
