// Package segmentation is the service that groups the customers: by rules over what is
// known of them, by their RFM scores, by lists kept by hand, and by the runs of schemes.
package segmentation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/periodic"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/glossary"
	"github.com/kehuhq/kehu/services/segmentation/internal/handler"
	"github.com/kehuhq/kehu/services/segmentation/internal/kpis"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// tombstoneSweep is how often tombstones that nobody can still need are removed.
const tombstoneSweep = time.Hour

// closeTimeout is how long running operations have to come to a checkpoint.
const closeTimeout = 10 * time.Second

// Deps is what the service is given.
type Deps struct {
	Engine    docstore.Engine // stays the caller's
	Vault     *vault.Vault    // seals what describes customers
	Profile   grpc.ClientConnInterface
	Valuation grpc.ClientConnInterface
	// Those that are nil are no part of the installation: what they know stays unknown.
	Feedback, Referral grpc.ClientConnInterface
	Logger             *slog.Logger         // slog.Default by default
	Meters             metric.MeterProvider // none by default
	Clock              func() time.Time     // time.Now by default
}

// fill puts the defaults in the place of what is not given.
func (d *Deps) fill() {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	if d.Meters == nil {
		d.Meters = noop.NewMeterProvider()
	}
	if d.Clock == nil {
		d.Clock = time.Now
	}
}

// Service is the segmentation service.
type Service struct {
	cfg        Config
	log        *slog.Logger
	now        func() time.Time
	parts      *parts
	app        *app.App
	operations *operation.Manager
	customers  *alias.Book
	segments   *handler.Segments
	engine     docstore.Engine
	playbooks  *playbooks
	divisions  *divisions
	kpis       *kpis.Meter
}

// clock is the service's clock as operations need it.
type clock func() time.Time

func (c clock) Now() time.Time                       { return c() }
func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// New opens the service's collections. It calls no peer.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	deps.fill()
	customers := alias.New(peers.Merges(deps.Profile), deps.Logger)
	opened, err := openParts(ctx, cfg, deps, customers)
	if err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	operations, err := operation.NewManager(ctx, deps.Engine, operation.Config{
		Service: "segmentation", Lease: cfg.Lease, MaxAttempts: cfg.Attempts, Parallel: cfg.Operations,
		Clock: clock(deps.Clock), Logger: deps.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	s := &Service{
		cfg: cfg, log: deps.Logger, now: deps.Clock, parts: opened, operations: operations, engine: deps.Engine,
		customers: customers,
	}
	if s.playbooks, err = openPlaybooks(ctx, deps, opened, operations, s.customers); err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	s.app = app.New(app.Parts{
		Store: opened.store, Facts: opened.facts, Standings: opened.standings, Worker: opened.worker,
		Criteria: opened.criteria, Sources: opened.sources, Readable: opened.readable, Users: s.playbooks.naming,
		Clock: deps.Clock, Log: deps.Logger,
	})
	s.segments = handler.NewSegments(s.app, opened.store.Segments, opened.standings, operations, s.customers)
	if s.divisions, err = openDivisions(ctx, deps.Engine, deps.Clock, opened, s.app, operations); err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	if s.kpis, err = openKpis(ctx, cfg, deps, opened); err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	return s, handler.RegisterRecomputations(operations, s.segments)
}

// Register registers the service's RPCs.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	segmentationv1.RegisterSegmentServiceServer(r, s.segments)
	segmentationv1.RegisterSegmentRevisionServiceServer(r, handler.Revisions{Segments: s.segments})
	segmentationv1.RegisterFactServiceServer(r, &glossary.Server{Attributes: s.parts.reader.Attributes})
	segmentationv1.RegisterSegmentEstimateServiceServer(r, handler.Estimates{Segments: s.segments})
	segmentationv1.RegisterMembershipServiceServer(r, &handler.Memberships{Segments: s.segments})
	segmentationv1.RegisterPersonalDataServiceServer(r, handler.NewPersonalData(s.app, s.parts.worker, s.customers, handler.Rooms{
		Keepers: s.playbooks.keepers(), Journal: s.parts.store.Erasures, Scrub: s.engine.Scrub,
	}))
	s.playbooks.register(r)
	s.divisions.register(r)
	segmentationv1.RegisterSegmentKpiServiceServer(r, &kpis.Server{Store: s.kpis.Store, Segments: s.kpis.Segments})
	segmentationv1.RegisterOperationServiceServer(r, operation.NewServer(s.operations))
}

// Serve works in the background until ctx ends: it keeps facts and segments up to date,
// runs operations, and removes what nobody can read any more.
func (s *Service) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.operations.Serve(ctx) })
	group.Go(func() error { return s.parts.worker.Serve(ctx) })
	group.Go(func() error { return s.playbooks.automate(ctx) })
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "ending campaigns", s.playbooks.meter.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "finishing publications", s.divisions.schemes.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "measuring segments", s.kpis.Measure)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep", s.app.Tidy)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, tombstoneSweep, "tombstone sweep", func(ctx context.Context) error {
			before := s.now().Add(-docstore.TombstoneLife)
			return errors.Join(s.parts.sweep(ctx, before), s.playbooks.sweep(ctx, before), s.divisions.store.Sweep(ctx, before))
		})
		return nil
	})
	return group.Wait()
}

// Close lets running operations come to a checkpoint and stops them. The engine
// belongs to the caller.
func (s *Service) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.operations.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil // cut off, and to go on from the last checkpoint
}
