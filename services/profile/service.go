// Package profile is the service that knows the customers and their orders.
package profile

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/periodic"
	"github.com/kehuhq/kehu/pkg/updates"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/duplicates"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/exchange"
	"github.com/kehuhq/kehu/services/profile/internal/exporter"
	"github.com/kehuhq/kehu/services/profile/internal/handler"
	"github.com/kehuhq/kehu/services/profile/internal/importer"
	"github.com/kehuhq/kehu/services/profile/internal/merging"
	"github.com/kehuhq/kehu/services/profile/internal/quality"
	"github.com/kehuhq/kehu/services/profile/internal/recommend"
	"github.com/kehuhq/kehu/services/profile/internal/rights"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// tombstoneSweep is how often tombstones that nobody can still need are removed.
const tombstoneSweep = time.Hour

// markInterval is how often it is told whose events came in: later than that is only
// told what a process took in that was killed meanwhile, once the customer is seen again.
const markInterval = time.Minute

// closeTimeout is how long running operations have to come to a checkpoint.
const closeTimeout = 10 * time.Second

// Deps is what the service is given.
type Deps struct {
	Engine docstore.Engine // stays the caller's
	Vault  *vault.Vault    // seals what describes a customer
	// Segmentation answers who is in a segment. It may be nil: then nobody can ask
	// about the customers of one.
	Segmentation grpc.ClientConnInterface
	// These and segmentation are asked what they hold about a person, and to erase
	// it. Those that are nil are no part of the installation.
	Valuation, Referral, Feedback grpc.ClientConnInterface
	Logger                        *slog.Logger     // slog.Default by default
	Clock                         func() time.Time // time.Now by default
}

// Service is the profile service.
type Service struct {
	cfg        Config
	log        *slog.Logger
	now        func() time.Time
	store      *store.Store
	app        *app.App
	operations *operation.Manager
	importer   *importer.Importer
	rates      *exchange.Rates
	events     *events.Store
	recorder   *events.Recorder
	needs      *recommend.Room
	relations  *relations
	analyses   *analyses
	merger     *merging.Merger
	duplicates *duplicates.Duplicates
	consents   *consented
	quality    *quality.Server
	rights     *rights.Server
}

// New opens the service's collections.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Vault == nil {
		return nil, errors.New("profile: no vault was given")
	}
	s := &Service{cfg: cfg, log: deps.Logger, now: deps.Clock}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.store, err = store.Open(ctx, deps.Engine, deps.Vault, s.now); err != nil {
		return nil, err
	}
	if s.rates, err = exchange.Open(ctx, deps.Engine, s.now); err != nil {
		return nil, err
	}
	if s.merger, err = merging.New(ctx, deps.Engine, deps.Vault, s.store.Customers, s.now); err != nil {
		return nil, err
	}
	s.events, err = events.OpenStore(ctx, deps.Engine, deps.Vault, merging.NewFamilies(s.store.Customers), s.now)
	if err != nil {
		return nil, err
	}
	s.app = app.New(s.store, s.now)
	if s.consents, err = s.openConsents(ctx, deps); err != nil {
		return nil, err
	}
	s.app.Mind(s.events.OfCustomers())
	s.operations, err = operation.NewManager(ctx, deps.Engine, operation.Config{
		Service:  "profile",
		Parallel: cfg.Operations,
		Logger:   s.log,
	})
	if err != nil {
		return nil, err
	}
	if err = s.consents.serve(s.app, s.operations); err != nil {
		return nil, err
	}
	s.recorder = events.NewRecorder(s.events, s.app, s.consents.attributes, s.now)
	s.importer, err = importer.New(ctx, importer.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Recorder: s.app, Operations: s.operations, Clock: s.now,
		Types:  s.consents.attributes.Types,
		Events: s.recorder, Consents: s.consents.consents,
	})
	if err != nil {
		return nil, err
	}
	return s, s.openRooms(ctx, deps)
}

// openRooms opens the rooms that stand on customers, orders and events.
func (s *Service) openRooms(ctx context.Context, deps Deps) (err error) {
	if s.duplicates, err = duplicates.New(ctx, duplicates.Deps{
		Engine: deps.Engine, Customers: s.store.Customers, Blinder: deps.Vault,
		Merger: merging.NewServer(s.merger, handler.Shown(s.app.Guard())), Operations: s.operations, Clock: s.now,
	}); err != nil {
		return err
	}
	if s.quality, err = quality.NewServer(ctx, quality.Deps{
		Engine: deps.Engine, View: s.store.Customers.View, Operations: s.operations, Clock: s.now,
		Sources: quality.Sources{
			Customers: s.store.Customers, Activity: activity.NewReader(s.store.Customers, s.store.Orders, s.events),
			Candidates: s.duplicates,
		},
	}); err != nil {
		return err
	}
	if s.needs, err = s.openRecommendations(ctx, deps); err != nil {
		return err
	}
	if s.relations, err = s.openRelations(ctx, deps); err != nil {
		return err
	}
	if s.analyses, err = s.openAnalyses(ctx, deps); err != nil {
		return err
	}
	s.rights, err = s.openRights(ctx, deps)
	return err
}

// Register registers the service's RPCs.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	profilev1.RegisterCustomerServiceServer(r, handler.NewCustomers(s.app, s.store.Customers))
	profilev1.RegisterOrderServiceServer(r, handler.NewOrders(s.app, s.store, s.rates))
	profilev1.RegisterExchangeRateServiceServer(r, exchange.NewServer(s.rates, s.now))
	profilev1.RegisterMergingServiceServer(r, merging.NewServer(s.merger, handler.Shown(s.app.Guard())))
	profilev1.RegisterImportServiceServer(r, s.importer)
	profilev1.RegisterEventServiceServer(r, events.NewServer(s.events, s.recorder))
	profilev1.RegisterDuplicateServiceServer(r, s.duplicates)
	profilev1.RegisterDataQualityServiceServer(r, s.quality)
	profilev1.RegisterExportServiceServer(r, exporter.NewServer(s.exports(), s.app.Guard()))
	profilev1.RegisterOperationServiceServer(r, operation.NewServer(s.operations))
	profilev1.RegisterRecommendationServiceServer(r, recommend.NewServer(s.needs))
	profilev1.RegisterRightsServiceServer(r, s.rights)
	s.relations.register(r)
	profilev1.RegisterCustomerUpdateServiceServer(r, handler.NewCustomerUpdates(s.app, s.store,
		s.analyses.behavior, updates.New("profile", s.now,
			append(s.store.Updates(), s.consents.consents.Updates(), s.events.Updates(), s.analyses.journeys.Updates())...)))
	s.consents.register(r)
	s.analyses.register(r)
}

// Serve works in the background until ctx ends: it runs operations, and finishes
// what broke off.
func (s *Service) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.operations.Serve(ctx) })
	group.Go(func() error {
		periodic.Run(ctx, s.log, markInterval, "telling whose events came in", s.recorder.Mark)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep", s.app.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep of imports", s.importer.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep of merges", s.merger.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep of recommendations", s.needs.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep of erasures", s.rights.Sweep)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, tombstoneSweep, "tombstone sweep", func(ctx context.Context) error {
			return errors.Join(s.store.Sweep(ctx, s.now()), s.rates.Sweep(ctx, s.now().Add(-docstore.TombstoneLife)),
				s.merger.SweepTombstones(ctx), s.events.Sweep(ctx, s.now()),
				s.consents.sweepTombstones(ctx, s.now().Add(-docstore.TombstoneLife)))
		})
		return nil
	})
	s.relations.serve(ctx, group)
	s.analyses.serve(ctx, group)
	return group.Wait()
}

// Close lets running operations come to a checkpoint and stops them. The engine
// belongs to the caller.
func (s *Service) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.operations.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // cut off, and to go on from the last checkpoint
	}
	return errors.Join(err, s.recorder.Mark(ctx))
}
