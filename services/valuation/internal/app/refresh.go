// Package app holds what takes profile and the store: making a generation of
// valuations, and removing those that nobody reads any more.
package app

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Histories is where purchase histories come from, in the order of customer ids.
type Histories interface {
	After(ctx context.Context, customer string, before time.Time, currency string) iter.Seq2[*domain.History, error]
}

// State is how far a refresh has come.
type State struct {
	Generation int64 `bson:"generation"`
	Chunks     int   `bson:"chunks"`  // of the spool
	Read       bool  `bson:"read"`    // the spool is complete
	Written    int   `bson:"written"` // chunks whose valuations are written
}

// Journal keeps the state of a refresh. An error of Checkpoint ends the run.
type Journal interface {
	Checkpoint(context.Context, State) error
	Progress(done, total int64, stage string)
}

// Refresh values and scores all customers.
//
// It reads the histories once, adding each up into an account, and spools the
// accounts. All that follows is computed from the spool, so that scores, counts
// and sums agree with each other and come out the same in a run that is resumed,
// whatever happens to the orders meanwhile.
//
// Memory does not grow with the orders. For each customer scoring takes 3 bytes
// until the valuations are written, and 16 more while a dimension is scored: 19
// bytes, or 190 MB for ten million customers. With the collector's slack and the
// embedded store they were seen to take 437 MiB resident; more customers do not
// fit a process that is to stay below 512 MiB.
type Refresh struct {
	store     *store.Store
	histories Histories
	chunk     int // accounts in a chunk of the spool
}

// NewRefresh makes a refresh of the valuations in a store.
func NewRefresh(s *store.Store, histories Histories) *Refresh {
	return &Refresh{s, histories, chunkAccounts}
}

// run is one run of a refresh.
type run struct {
	*Refresh
	operation string
	policy    domain.Policy
	asOf      domain.AsOf
	state     State
	journal   Journal
}

// Run makes a generation and publishes it. The policy must have passed
// Normalize; state is that of the last checkpoint. It may be run again and, at
// the edges of a lease, twice at a time.
//
// Faults: MONEY_OVERFLOW, HISTORY_MALFORMED, REFRESH_OVERTAKEN.
func (r *Refresh) Run(ctx context.Context, operation string, policy domain.Policy, state State, journal Journal) (domain.Summary, error) {
	asOf, err := policy.AsOf()
	if err != nil {
		return domain.Summary{}, err
	}
	generation, err := r.store.Publication.Begin(ctx, operation)
	if err != nil {
		return domain.Summary{}, err
	}
	if state.Generation != generation {
		state = State{Generation: generation}
	}
	it := run{r, operation, policy, asOf, state, journal}
	if err := it.read(ctx); err != nil {
		return domain.Summary{}, err
	}
	scoring, summary, err := it.score(ctx)
	if err != nil {
		return domain.Summary{}, err
	}
	if err := it.write(ctx, scoring, summary.Customers); err != nil {
		return domain.Summary{}, err
	}
	return r.store.Publication.Publish(ctx, operation, summary)
}

func (r *run) checkpoint(ctx context.Context) error { return r.journal.Checkpoint(ctx, r.state) }

// The stages of a refresh, as its progress names them.
const (
	reading = "reading"
	scoring = "scoring"
	writing = "writing"
)
