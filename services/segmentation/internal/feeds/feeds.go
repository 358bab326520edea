// Package feeds keeps the facts current: it follows what the other services tell of
// customers who changed, and reads the facts of just these.
package feeds

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// Services are those that are followed, in the order in which they are.
var Services = []string{peers.Profile, peers.Valuation, peers.Feedback, peers.Referral}

// parts is what each service tells.
var parts = map[string]facts.Part{
	peers.Profile: facts.OfCustomer | facts.OfOrders, peers.Valuation: facts.OfValuation,
	peers.Feedback: facts.OfFeedback, peers.Referral: facts.OfReferral,
}

// Reader is where facts come from; peers.Reader is one.
type Reader interface {
	Has(service string) bool
	Updated(ctx context.Context, service, cursor string) (peers.Updates, error)
	Attributes(ctx context.Context) ([]facts.Attribute, error)
	Terms(ctx context.Context, attributes []facts.Attribute) (string, error)
	Customers(ctx context.Context, ids []string, attributes []facts.Attribute) ([]peers.Known, []peers.Fate, error)
	After(ctx context.Context, after string, size int, attributes []facts.Attribute) ([]peers.Known, error)
	Edition(ctx context.Context) (peers.Edition, error)
	Valuations(ctx context.Context, all []*facts.Facts, edition peers.Edition) error
	ValuationsWithin(ctx context.Context, all []*facts.Facts, edition peers.Edition) error
	Feedback(ctx context.Context, all []*facts.Facts, of peers.Of) error
	Referrals(ctx context.Context, all []*facts.Facts, of peers.Of) error
}

// Merges knows which records are one customer; alias.Book is one.
type Merges interface {
	Members(ctx context.Context, id string) []string
	Root(ctx context.Context, id string) string
}

// Defaults of Config.
const (
	defaultSmall = 50_000
	defaultAnew  = 24 * time.Hour
	defaultWalk  = 2 * peers.BatchSize

	defaultPatience = time.Minute
)

// Config is how feeds are followed.
type Config struct {
	// Small is up to how many customers are read anew by CatchUp; of more it waits for
	// the feeds, which takes some ten seconds: 50,000 when 0.
	Small int64
	// Anew is how often everything is read anew beside what the feeds tell, for what
	// they cannot, such as a consent that expires. A day when 0.
	Anew time.Duration
	// Walk is how many customers one step of reading everything anew reads; 2,000 when 0.
	Walk int
	// Patience is how long CatchUp waits for feeds that have nothing to tell; a minute
	// when 0.
	Patience time.Duration
}

// Feeds brings the facts up to date. It is for one worker at a time; States may be
// called by anybody.
type Feeds struct {
	reader Reader
	merges Merges
	facts  *facts.Store
	states *docstore.Collection[state]
	cfg    Config
	now    func() time.Time
	log    *slog.Logger
}

// Open opens the feeds' cursors on an engine.
func Open(ctx context.Context, engine docstore.Engine, r Reader, merges Merges, store *facts.Store, cfg Config, now func() time.Time, log *slog.Logger) (*Feeds, error) {
	if cfg.Small == 0 {
		cfg.Small = defaultSmall
	}
	if cfg.Anew == 0 {
		cfg.Anew = defaultAnew
	}
	if cfg.Walk == 0 {
		cfg.Walk = defaultWalk
	}
	if cfg.Patience == 0 {
		cfg.Patience = defaultPatience
	}
	states, err := docstore.Open(ctx, engine, docstore.Schema[state]{Name: "feeds"}, docstore.WithClock(now))
	return &Feeds{r, merges, store, states, cfg, now, log}, err
}

// Follow does one bounded step of every feed, and tells whether there is more at
// once. A service that is down leaves its facts as they were, and its state says
// so; the others are followed. Its errors are those of the store, and of profile.
func (f *Feeds) Follow(ctx context.Context) (more bool, err error) {
	for _, service := range Services {
		if !f.reader.Has(service) {
			continue
		}
		again, failed := f.step(ctx, service)
		more = more || again
		var down *downError
		switch {
		case failed == nil:
		case errors.As(failed, &down) && ctx.Err() == nil:
			if e := f.note(ctx, service, down); e != nil {
				return false, e
			}
			if service == peers.Profile {
				err = failed
			}
		default:
			return false, failed
		}
	}
	return more, err
}

// downError is what a service answered when it was asked.
type downError struct{ cause error }

func (e *downError) Error() string { return e.cause.Error() }
func (e *downError) Unwrap() error { return e.cause }

// asked marks the error of a service.
func asked(err error) error {
	if err == nil {
		return nil
	}
	return &downError{err}
}

// step follows one service.
func (f *Feeds) step(ctx context.Context, service string) (more bool, err error) {
	s, err := f.state(ctx, service)
	if err != nil {
		return false, err
	}
	switch service {
	case peers.Profile:
		return f.profile(ctx, s)
	case peers.Valuation:
		return f.valuation(ctx, s)
	}
	return f.other(ctx, s)
}
