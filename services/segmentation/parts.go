package segmentation

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/criteria"
	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
	"github.com/kehuhq/kehu/services/segmentation/internal/reread"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// parts are what the service is made of, from the store up.
type parts struct {
	store     *store.Store
	facts     *facts.Store
	criteria  *criteria.Book
	standings *standing.Standings
	feeds     *reread.Feeds
	worker    *standing.Worker
}

func openParts(ctx context.Context, cfg Config, deps Deps) (*parts, error) {
	p := &parts{}
	var errs [4]error
	p.store, errs[0] = store.Open(ctx, deps.Engine, deps.Clock)
	p.facts, errs[1] = facts.Open(ctx, deps.Engine, deps.Clock)
	p.criteria, errs[2] = criteria.New(p.attributes, p.partition, deps.Clock)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	p.standings, errs[3] = standing.Open(ctx, deps.Engine, p.store.Segments, standing.Config{
		Keep: cfg.Keep, Retention: cfg.Retention, Lease: cfg.Lease,
	}, deps.Clock)
	p.feeds = &reread.Feeds{Peers: peers.New(deps.Profile, deps.Valuation, cfg.Patience), Facts: p.facts, Clock: deps.Clock}
	p.worker = standing.NewWorker(standing.Parts{
		Standings: p.standings, Engine: deps.Engine, Facts: p.facts, Touched: p.facts.Touched, Feeds: p.feeds,
		Criteria: p.criterion, Record: facts.Record, Generations: p.store.Generations, Erasures: p.store.Erasures, Log: deps.Logger,
	})
	return p, errs[3]
}

// criterion makes the definition of a segment ready.
func (p *parts) criterion(ctx context.Context, s domain.Segment) (criterion.Criterion, error) {
	return p.criteria.Of(ctx, s.ListKey(), s.Definition)
}

// attributes are those of the company's own.
func (p *parts) attributes(context.Context) ([]facts.Attribute, error) { return nil, nil }

// partition is whom a run of a scheme gave a label.
func (p *parts) partition(_ context.Context, run, _ string) (criterion.Criterion, error) {
	f := fault.Invalid("partition.run", "there is no run %q", run)
	f.Reason = "RUN_UNKNOWN"
	return nil, f
}

// sources tells up to when each service has been read.
func (p *parts) sources(context.Context) ([]app.Source, error) {
	return []app.Source{
		{Service: "profile", SyncedTo: p.feeds.At}, {Service: "valuation", SyncedTo: p.feeds.At, AsOf: p.feeds.AsOf},
	}, nil
}

// sweep removes the tombstones made before a time.
func (p *parts) sweep(ctx context.Context, before time.Time) error {
	return errors.Join(p.store.Sweep(ctx, before), p.facts.Sweep(ctx, before))
}
