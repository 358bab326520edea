// Package app holds what takes profile and the store: making a generation of
// valuations, and removing those that nobody reads any more.
package app

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/services/valuation/internal/alerts"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
	"github.com/kehuhq/kehu/services/valuation/internal/models"
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
	// The models that predictions are made with, once they are chosen, and what is
	// to be said of that.
	Chosen   bool             `bson:"chosen,omitempty"`
	Models   []string         `bson:"models,omitempty"`
	Warnings []domain.Warning `bson:"warnings,omitempty"`
	// Sums are those of the predictions written.
	Sums domain.PredictionSums `bson:"sums"`
}

// Models is where fitted models come from.
type Models interface {
	Choose(context.Context, models.Need) (ids []string, warnings []domain.Warning, err error)
	Load(ctx context.Context, ids []string, currency string) (forecast.Set, error)
}

// Alerts is told of each refresh that is published.
type Alerts interface {
	Raise(context.Context, alerts.Refresh) error
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
	// Models may be nil: then nothing is predicted. Alerts may be too.
	Models Models
	Alerts Alerts
}

// NewRefresh makes a refresh of the valuations in a store.
func NewRefresh(s *store.Store, histories Histories) *Refresh {
	return &Refresh{store: s, histories: histories, chunk: chunkAccounts}
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
	tally, dated, err := it.tally(ctx)
	if err != nil {
		return domain.Summary{}, err
	}
	if it.policy.Currency == "" {
		it.policy.Currency = tally.Commonest()
	}
	forecaster, err := it.forecaster(ctx, tally, dated)
	if err != nil {
		return domain.Summary{}, err
	}
	scoring, summary, err := it.score(ctx, tally)
	if err != nil {
		return domain.Summary{}, err
	}
	if err := it.write(ctx, scoring, forecaster, summary.Customers); err != nil {
		return domain.Summary{}, err
	}
	summary.Predictions = it.predictions(forecaster)
	published, err := r.store.Publication.Publish(ctx, operation, summary)
	if err != nil {
		return domain.Summary{}, err
	}
	return published, it.warn(ctx, published)
}

func (r *run) checkpoint(ctx context.Context) error { return r.journal.Checkpoint(ctx, r.state) }

// The stages of a refresh, as its progress names them.
const (
	reading = "reading"
	fitting = "fitting"
	scoring = "scoring"
	writing = "writing"
	warning = "alerts"
)
