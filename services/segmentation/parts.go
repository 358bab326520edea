package segmentation

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/criteria"
	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/feeds"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// parts are what the service is made of, from the store up.
type parts struct {
	store     *store.Store
	facts     *facts.Store
	criteria  *criteria.Book
	standings *standing.Standings
	reader    *peers.Reader
	feeds     *feeds.Feeds
	worker    *standing.Worker
	labelled  criteria.Partitions // set once the schemes are open
}

func openParts(ctx context.Context, cfg Config, deps Deps, customers *alias.Book) (*parts, error) {
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return nil, err // Validate has tried it
	}
	p := &parts{reader: peers.NewReader(peers.Conns{
		Profile: deps.Profile, Valuation: deps.Valuation, Feedback: deps.Feedback, Referral: deps.Referral,
	}, zone)}
	var errs [5]error
	p.store, errs[0] = store.Open(ctx, deps.Engine, deps.Clock)
	p.facts, errs[1] = facts.Open(ctx, deps.Engine, deps.Vault, deps.Clock)
	p.criteria, errs[2] = criteria.New(p.reader.Attributes, p.partition, deps.Clock)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	p.standings, errs[3] = standing.Open(ctx, deps.Engine, deps.Vault, p.store.Segments, standing.Config{
		Keep: cfg.Keep, Retention: cfg.Retention, Lease: cfg.Lease,
	}, deps.Clock)
	p.feeds, errs[4] = feeds.Open(ctx, deps.Engine, p.reader, customers, p.facts, feeds.Config{}, deps.Clock, deps.Logger)
	p.worker = standing.NewWorker(standing.Parts{
		Standings: p.standings, Engine: deps.Engine, Facts: p.facts, Touched: p.facts.Touched, Feeds: p.feeds,
		Criteria: p.formed, Generations: p.store.Generations, Erasures: p.store.Erasures, Log: deps.Logger,
	})
	p.facts.Fence(p.worker.Held)
	return p, errors.Join(errors.Join(errs[3:]...), p.worker.Measure(deps.Meters))
}

// criterion makes the definition of a segment ready.
func (p *parts) criterion(ctx context.Context, s domain.Segment) (criterion.Criterion, error) {
	return p.criteria.Of(ctx, s.ListKey(), s.Definition)
}

// formed is the criterion of a segment that is to be formed, with the faults of readable.
func (p *parts) formed(ctx context.Context, s domain.Segment) (criterion.Criterion, error) {
	c, err := p.criterion(ctx, s)
	if err != nil {
		return nil, err
	}
	return c, p.readable(ctx, c)
}

// readable refuses a criterion that reads what a service knows and has never been read
// of everybody: it would be answered by a silence. VALUATIONS_NOT_REFRESHED,
// FACTS_NOT_READ.
func (p *parts) readable(ctx context.Context, c criterion.Criterion) error {
	return p.wereRead(ctx, c.Reads())
}

// wereRead is readable of the names of facts.
func (p *parts) wereRead(ctx context.Context, reads []string) error {
	for _, service := range app.Services(reads) {
		if service == peers.Profile {
			continue // it tells who there is: unread, of nobody at all
		}
		read, err := p.feeds.Read(ctx, service)
		switch {
		case err != nil:
			return err
		case read:
		case service == peers.Valuation:
			return fault.New(fault.FailedPrecondition, "VALUATIONS_NOT_REFRESHED",
				"the definition reads valuations, and none have been read yet; refresh the valuations first")
		default:
			return fault.New(fault.FailedPrecondition, "FACTS_NOT_READ",
				"the definition reads facts of the %s service, of which not all have been read since this installation began: see that it runs and can be reached; they are read then by themselves", service).
				With("service", service)
		}
	}
	return nil
}

// partition is whom a run of a scheme gave a label.
func (p *parts) partition(ctx context.Context, of domain.Partition) (criterion.Criterion, error) {
	return p.labelled(ctx, of)
}

// sources tells up to when each service has been read.
func (p *parts) sources(ctx context.Context) ([]app.Source, error) {
	states, err := p.feeds.States(ctx)
	var sources []app.Source
	for _, s := range states {
		if s.Configured {
			sources = append(sources, app.Source{Service: s.Service, SyncedTo: s.SyncedTo, AsOf: s.AsOf, LastError: s.Reason})
		}
	}
	return sources, err
}

// sweep removes the tombstones made before a time.
func (p *parts) sweep(ctx context.Context, before time.Time) error {
	return errors.Join(p.store.Sweep(ctx, before), p.facts.Sweep(ctx, before))
}
