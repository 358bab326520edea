// Package valuation says what each customer is worth: RFM scores, order metrics
// and historic value, computed from the purchase histories that profile holds.
package valuation

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/periodic"

	"github.com/kehuhq/kehu/services/valuation/internal/alerts"
	"github.com/kehuhq/kehu/services/valuation/internal/app"
	"github.com/kehuhq/kehu/services/valuation/internal/handler"
	"github.com/kehuhq/kehu/services/valuation/internal/models"
	"github.com/kehuhq/kehu/services/valuation/internal/profile"
	"github.com/kehuhq/kehu/services/valuation/internal/segments"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Config is what the service needs to know beyond its store and its peers.
type Config struct {
	Keep     time.Duration `koanf:"keep" usage:"time for which a superseded refresh can still be read"`
	Patience time.Duration `koanf:"patience" usage:"time after which a stream of purchase histories that has fallen silent is given up"`
	Lease    time.Duration `koanf:"lease" usage:"time after which another process takes over a refresh whose process has died"`
	Attempts int           `koanf:"attempts" usage:"runs of a refresh without any advance, as while profile is down, after which it fails"`
}

// DefaultConfig suits a shop of any size. With its 10 attempts a refresh waits
// for profile for about 4 minutes.
func DefaultConfig() Config {
	return Config{Keep: 24 * time.Hour, Patience: time.Minute, Lease: 30 * time.Second, Attempts: 10}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	check.Require(c.Keep >= time.Minute, "keep", "must be at least 1m")
	check.Require(c.Patience >= time.Second, "patience", "must be at least 1s")
	check.Require(c.Lease >= time.Second, "lease", "must be at least 1s")
	check.Require(c.Attempts >= 1 && c.Attempts <= 1000, "attempts", "must be between 1 and 1000")
	return check.Err()
}

// Deps is what the service works with.
type Deps struct {
	Engine  docstore.Engine // stays the caller's
	Profile grpc.ClientConnInterface
	// Those that are nil are no part of the installation: what they know stays unset.
	Segmentation, Referral, Feedback grpc.ClientConnInterface
	Logger                           *slog.Logger
	Clock                            func() time.Time
}

// fill puts the defaults in the place of what is not given.
func (d *Deps) fill() {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	if d.Clock == nil {
		d.Clock = time.Now
	}
}

// Service is the valuation service.
type Service struct {
	operations *operation.Manager
	handler    *handler.Valuations
	models     *models.Server
	alerts     *alerts.Server
	aggregates *handler.Aggregates
	personal   *handler.PersonalData
	sweeper    *app.Sweeper
	figures    *figures
	log        *slog.Logger
	rooms      *rooms
}

// tombstoneSweep is how often tombstones that nobody can still need are removed.
const tombstoneSweep = time.Hour

// closeTimeout bounds how long Close waits for a refresh to reach a checkpoint.
const closeTimeout = 5 * time.Second

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
	opened, err := store.Open(ctx, deps.Engine, deps.Clock)
	if err != nil {
		return nil, err
	}
	operations, err := operation.NewManager(ctx, deps.Engine, operation.Config{
		Service: "valuation", Lease: cfg.Lease, MaxAttempts: cfg.Attempts,
		Parallel: 1, // a refresh takes memory by the number of customers
		Clock:    clock(deps.Clock), Logger: deps.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("valuation: %w", err)
	}
	histories := profile.New(deps.Profile, cfg.Patience)
	customers := alias.New(profile.Merges(deps.Profile), deps.Logger)
	sweeper := &app.Sweeper{Store: opened, Over: over(operations), Keep: cfg.Keep, Clock: deps.Clock, Log: deps.Logger}
	fitted, err := models.New(ctx, deps.Engine, deps.Clock)
	if err != nil {
		return nil, err
	}
	warned, err := alerts.New(ctx, deps.Engine, opened.Valuations, customers, deps.Clock)
	if err != nil {
		return nil, err
	}
	modelServer, err := models.NewServer(fitted, histories, operations)
	if err != nil {
		return nil, err
	}
	refresh := app.NewRefresh(opened, histories)
	refresh.Models, refresh.Alerts = fitted, warned
	beside, err := openRooms(ctx, deps, opened, operations, customers, cfg)
	if err != nil {
		return nil, err
	}
	sweeper.Rooms = beside.keepers()
	if err := handler.RegisterRefresh(operations, refresh, deps.Clock, beside.published); err != nil {
		return nil, err
	}
	figures, err := openFigures(ctx, deps, opened, histories, customers)
	if err != nil {
		return nil, err
	}
	return &Service{
		operations: operations,
		handler: &handler.Valuations{
			Store: opened, Operations: operations, Profile: histories, Models: fitted, Keep: cfg.Keep, Clock: deps.Clock, Customers: customers,
		},
		models: modelServer,
		alerts: &alerts.Server{Room: warned},
		aggregates: &handler.Aggregates{Customers: customers, Aggregator: &app.Aggregator{
			Store: opened, Models: fitted, Segments: segments.New(deps.Segmentation), Merged: customers.View,
		}},
		personal: &handler.PersonalData{
			Persons: &app.Persons{Store: opened, Sweeper: sweeper, Customers: customers, Lines: figures.economics, Alerts: warned}, Lines: figures.economics,
		},
		sweeper: sweeper, figures: figures, rooms: beside, log: deps.Logger,
	}, nil
}

// over reports whether an operation is done, or gone for so long that it was
// removed.
func over(m *operation.Manager) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, name string) (bool, error) {
		op, err := m.Get(ctx, name)
		if fault.ReasonOf(err) == "OPERATION_NOT_FOUND" {
			return true, nil
		}
		return op.GetDone(), err
	}
}

// Register registers the service's RPCs.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	valuationv1.RegisterValuationServiceServer(r, s.handler)
	valuationv1.RegisterModelServiceServer(r, s.models)
	valuationv1.RegisterAlertServiceServer(r, s.alerts)
	valuationv1.RegisterAggregateServiceServer(r, s.aggregates)
	s.rooms.register(r)
	valuationv1.RegisterPersonalDataServiceServer(r, s.personal)
	s.figures.register(r)
	valuationv1.RegisterOperationServiceServer(r, operation.NewServer(s.operations))
}

// Serve runs refreshes and removes what they have superseded, until ctx ends.
func (s *Service) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.operations.Serve(ctx) })
	group.Go(func() error {
		s.sweeper.Serve(ctx)
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, tombstoneSweep, "tombstone sweep", s.figures.sweep)
		return nil
	})
	return group.Wait()
}

// Close lets a refresh that is running go on elsewhere, from its last checkpoint.
func (s *Service) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return s.operations.Close(ctx)
}
