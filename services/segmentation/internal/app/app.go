// Package app holds the segmentation service's use cases: defining segments, their
// states and revisions, and telling of them: how large, how current, who, and why.
// Package standing keeps who is in them.
package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// Criteria makes definitions ready; criteria.Book does. list is by what facts name the
// list of the segment.
type Criteria interface {
	Of(ctx context.Context, list string, d domain.Definition) (criterion.Criterion, error)
}

// Users names what else than segments rests on a segment, e.g. "strategies/greet".
type Users func(ctx context.Context, segment string) ([]string, error)

// Readable refuses a criterion that reads what has never been read of everybody.
type Readable func(ctx context.Context, c criterion.Criterion) error

// Parts are what the use cases work with.
type Parts struct {
	Store     *store.Store
	Facts     *facts.Store
	Standings *standing.Standings
	Worker    *standing.Worker
	Criteria  Criteria
	Sources   Sources
	Readable  Readable
	Users     Users
	Clock     func() time.Time
	Log       *slog.Logger
}

// App is the use cases. It is safe for concurrent use.
type App struct {
	store     *store.Store
	facts     *facts.Store
	standings *standing.Standings
	worker    *standing.Worker
	criteria  Criteria
	sources   Sources
	readable  Readable
	users     Users
	now       func() time.Time
	log       *slog.Logger
}

// New makes the use cases.
func New(p Parts) *App {
	// Times are whole milliseconds in the store.
	now := func() time.Time { return p.Clock().UTC().Truncate(time.Millisecond) }
	return &App{
		store: p.Store, facts: p.Facts, standings: p.Standings, worker: p.Worker, criteria: p.Criteria, sources: p.Sources,
		readable: p.Readable, users: p.Users, now: now, log: p.Log,
	}
}
