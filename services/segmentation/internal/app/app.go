// Package app holds the segmentation service's use cases: defining segments,
// forming their members from facts, and reading members and transitions.
package app

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/criteria"
	crit "github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// Source is where facts come from; peers.Peers is one.
type Source interface {
	Edition(ctx context.Context) (peers.Edition, error)
	Facts(ctx context.Context, edition peers.Edition, after string) iter.Seq2[*facts.Facts, error]
}

// Criteria makes definitions ready; criteria.Book does.
type Criteria interface {
	Of(ctx context.Context, segment string, d domain.Definition) (crit.Criterion, error)
}

// App is the use cases. It is safe for concurrent use.
//
// A pass over a segment writes rows of its own generation and touches no other's;
// one version-checked write then makes the segment show it. So a list and its
// count are of one pass, a pass that fails or breaks off changes nothing that is
// read, and what it leaves behind is removed by Sweep.
type App struct {
	store    *store.Store
	source   Source
	rules    *rule.Compiler
	criteria Criteria
	keep     time.Duration
	now      func() time.Time
	log      *slog.Logger
	batch    int64 // customers between two checkpoints of a pass
}

// New makes the use cases. keep is how long a superseded pass can still be paged
// through.
func New(s *store.Store, source Source, rules *rule.Compiler, keep time.Duration, clock func() time.Time, log *slog.Logger) *App {
	// Times are whole milliseconds in the store.
	now := func() time.Time { return clock().UTC().Truncate(time.Millisecond) }
	return &App{store: s, source: source, rules: rules, criteria: criteria.New(rules), keep: keep, now: now, log: log, batch: batchCustomers}
}
