// Package segmentation is the service that groups the customers: by rules over
// what is known of them and by their RFM scores.
package segmentation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/periodic"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/handler"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// tombstoneSweep is how often tombstones that nobody can still need are removed.
const tombstoneSweep = time.Hour

// closeTimeout is how long running operations have to come to a checkpoint.
const closeTimeout = 10 * time.Second

// Deps is what the service is given.
type Deps struct {
	Engine    docstore.Engine // stays the caller's
	Profile   grpc.ClientConnInterface
	Valuation grpc.ClientConnInterface
	Logger    *slog.Logger     // slog.Default by default
	Clock     func() time.Time // time.Now by default
}

// Service is the segmentation service.
type Service struct {
	cfg        Config
	log        *slog.Logger
	now        func() time.Time
	store      *store.Store
	app        *app.App
	operations *operation.Manager
	customers  *alias.Book
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
	s := &Service{cfg: cfg, log: deps.Logger, now: deps.Clock}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.customers = alias.New(peers.Merges(deps.Profile), s.log)
	if s.now == nil {
		s.now = time.Now
	}
	rules, err := rule.NewCompiler(nil)
	if err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	if s.store, err = store.Open(ctx, deps.Engine, s.now); err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	s.app = app.New(s.store, peers.New(deps.Profile, deps.Valuation, cfg.Patience), rules, cfg.Keep, s.now, s.log)
	s.operations, err = operation.NewManager(ctx, deps.Engine, operation.Config{
		Service: "segmentation", Lease: cfg.Lease, MaxAttempts: cfg.Attempts, Parallel: cfg.Operations,
		Clock: clock(s.now), Logger: s.log,
	})
	if err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	return s, handler.RegisterRecomputations(s.operations, s.app)
}

// Register registers the service's RPCs.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	segments := handler.NewSegments(s.app, s.store.Segments, s.operations, s.customers)
	segmentationv1.RegisterSegmentServiceServer(r, segments)
	segmentationv1.RegisterSegmentRevisionServiceServer(r, handler.Revisions{Segments: segments})
	segmentationv1.RegisterPersonalDataServiceServer(r, handler.NewPersonalData(s.app, s.customers, s.over))
	segmentationv1.RegisterOperationServiceServer(r, operation.NewServer(s.operations))
}

// Serve works in the background until ctx ends: it runs recomputations, and
// removes what nobody can read any more.
func (s *Service) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.operations.Serve(ctx) })
	group.Go(func() error {
		periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep", func(ctx context.Context) error { return s.app.Sweep(ctx, s.over) })
		return nil
	})
	group.Go(func() error {
		periodic.Run(ctx, s.log, tombstoneSweep, "tombstone sweep", func(ctx context.Context) error {
			return s.store.Sweep(ctx, s.now().Add(-docstore.TombstoneLife))
		})
		return nil
	})
	return group.Wait()
}

// over reports whether an operation is done, or gone for so long that it was
// removed.
func (s *Service) over(ctx context.Context, name string) (bool, error) {
	op, err := s.operations.Get(ctx, name)
	if fault.ReasonOf(err) == "OPERATION_NOT_FOUND" {
		return true, nil
	}
	return op.GetDone(), err
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
