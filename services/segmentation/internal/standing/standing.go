// Package standing keeps who belongs to which segment: exactly, counted, with the
// history of how it came to be, and up to date as facts change and time goes by.
// docs/adr/0012-membership.md says how.
//
//	standings     _id customer                    where each customer stands
//	rosters       _id born!customer               blocks of who is in each segment
//	moves         _id segment!generation!number   who entered and left, and why
//	publications  _id segment!generation          how many were in each list that can be paged through
//	corrections   _id segment!left!entered        who was erased, and is to be subtracted from them
//	releases      _id segment!generation          when moves that had been held were published
//	forms         _id segment!born                what the worker knows of each segment
//	workers       _id worker                      the lease and the pass under way
//	requests      _id request                     what the worker is asked for
//
// Customers are named by their escaped ids, docstore.ID(id), whose order is that of
// everything here.
package standing

import (
	"context"
	"errors"
	"iter"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

const codeFailedPrecondition = int32(codes.FailedPrecondition)

// Segments are the segments; store.Segments is one.
type Segments interface {
	Get(ctx context.Context, id string) (domain.Segment, error)
	GetMany(ctx context.Context, ids []string) ([]*domain.Segment, error)
	All(ctx context.Context) iter.Seq2[domain.Segment, error]
	Change(ctx context.Context, id string, change func(*domain.Segment) error) (domain.Segment, error)
	// ShownBy sets what tells the generation up to which passes are shown.
	ShownBy(shown func(context.Context) (int64, error))
}

// Facts is what is known of customers; facts.Store is one.
type Facts interface {
	// Scan yields the facts of a range of escaped ids, to exclusive, in their order: the
	// parts that are needed. They are valid until the next.
	Scan(ctx context.Context, from, to string, need facts.Part) iter.Seq2[*facts.Facts, error]
	// GetMany returns one entry per id, nil where nothing is known.
	GetMany(ctx context.Context, customers []string, need facts.Part) ([]*facts.Facts, error)
	Sample(ctx context.Context, n int, need facts.Part) (sample []*facts.Facts, population int64, exact bool, err error)
	// Erase removes the facts, and destroys what else is sealed of the customers.
	Erase(ctx context.Context, customers []string) (int, error)
	// DestroyKeys destroys what is sealed of those who went without being erased.
	DestroyKeys(ctx context.Context) error
}

// Touched is who has to be looked at again; facts.Touched is one.
type Touched interface {
	Take(ctx context.Context, n int) ([]facts.Work, error)
	Done(ctx context.Context, ids []string) error
}

// Feeds bring the facts up to date; feeds.Feeds is one.
type Feeds interface {
	// Follow does a step, and tells whether there is more at once.
	Follow(ctx context.Context) (more bool, err error)
	// Synced tells, for each service that is followed, the instant before which everything
	// that it acknowledged is in the facts; none of one that was never read.
	Synced(ctx context.Context) (map[string]time.Time, error)
	// CatchUp returns when the facts hold everything acknowledged before at.
	CatchUp(ctx context.Context, at time.Time) error
}

// Criteria makes a segment's definition ready. A fault FailedPrecondition or
// InvalidArgument says that it cannot be used for now: the segment keeps its last
// good members, and shows it.
type Criteria func(ctx context.Context, s domain.Segment) (criterion.Criterion, error)

// Generations gives out numbers, each larger than all before.
type Generations interface {
	Next(ctx context.Context) (int64, error)
}

// Config is how long things are kept.
type Config struct {
	Keep      time.Duration // how long a superseded list can be paged through
	Retention time.Duration // how long moves and past stays are kept
	Lease     time.Duration // after which another process takes over a worker's that died
}

// DefaultConfig is a day for lists, 400 days for moves, and 30 s for the lease.
func DefaultConfig() Config {
	return Config{Keep: 24 * time.Hour, Retention: 400 * 24 * time.Hour, Lease: 30 * time.Second}
}

// Standings is where the customers stand. It is safe for concurrent use.
type Standings struct {
	persons      *standings
	rosters      *rosters
	moves        *moves
	publications *publications
	corrections  *corrections
	releases     *releases
	forms        *forms
	states       *states
	requests     *requests
	vault        *vault.Vault
	segments     Segments
	cfg          Config
	now          func() time.Time
	names        births
}

// Open opens the collections, creating them where they are missing.
func Open(ctx context.Context, engine docstore.Engine, v *vault.Vault, segments Segments, cfg Config, clock func() time.Time) (*Standings, error) {
	s := &Standings{vault: v, segments: segments, cfg: cfg, now: func() time.Time { return clock().UTC().Truncate(time.Millisecond) }}
	var errs [9]error
	s.persons, errs[0] = openStandings(ctx, engine, clock)
	s.rosters, errs[1] = openRosters(ctx, engine, clock)
	s.moves, errs[2] = openMoves(ctx, engine, clock)
	s.publications, errs[3] = openPublications(ctx, engine, clock)
	s.forms, errs[4] = openForms(ctx, engine, clock)
	s.states, errs[5] = openStates(ctx, engine, clock)
	s.requests, errs[6] = openRequests(ctx, engine, clock)
	s.corrections, errs[7] = openCorrections(ctx, engine, clock)
	s.releases, errs[8] = openReleases(ctx, engine, clock)
	segments.ShownBy(s.over)
	return s, errors.Join(errs[:]...)
}

// over is the generation of the last pass that is over.
func (s *Standings) over(ctx context.Context) (int64, error) {
	w, err := s.states.get(ctx)
	if err != nil {
		return 0, err
	}
	return w.Generation, nil
}
