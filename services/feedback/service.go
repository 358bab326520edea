// Package feedback is the service that asks the customers and counts their answers.
package feedback

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/periodic"
	"github.com/kehuhq/kehu/pkg/updates"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/feedback/internal/app"
	"github.com/kehuhq/kehu/services/feedback/internal/handler"
	"github.com/kehuhq/kehu/services/feedback/internal/peer"
	"github.com/kehuhq/kehu/services/feedback/internal/store"
)

// Deps is what the service is given. Engine and connections stay the caller's.
type Deps struct {
	Engine       docstore.Engine
	Vault        *vault.Vault             // seals what customers say
	Profile      grpc.ClientConnInterface // says who is a customer
	Segmentation grpc.ClientConnInterface // says who is in which segment
	Logger       *slog.Logger             // slog.Default by default
	Clock        func() time.Time         // time.Now by default
}

// Service is the feedback service.
type Service struct {
	cfg   Config
	log   *slog.Logger
	now   func() time.Time
	store *store.Store
	app   *app.App
}

// New opens the service's collections. It calls no peer.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
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
	s.app = app.New(s.store, peer.NewProfile(deps.Profile, s.log), peer.NewSegmentation(deps.Segmentation), cfg.SubmitTimeout, s.now)
	return s, nil
}

// Register registers the service's RPCs.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	feedbackv1.RegisterSurveyServiceServer(r, handler.NewSurveys(s.app, s.store))
	feedbackv1.RegisterSatisfactionServiceServer(r, handler.NewSatisfaction(s.app))
	feedbackv1.RegisterSatisfactionUpdateServiceServer(r,
		handler.NewSatisfactionUpdates(s.app, updates.New("feedback", s.now, s.store.Responses.Updates())))
	feedbackv1.RegisterPersonalDataServiceServer(r, handler.NewPersonalData(s.app, s.store))
}

// Serve works in the background until ctx ends: it removes tombstones that nobody
// needs any more.
func (s *Service) Serve(ctx context.Context) error {
	periodic.Run(ctx, s.log, s.cfg.SweepInterval, "tombstone sweep", func(ctx context.Context) error {
		return s.store.Sweep(ctx, s.now())
	})
	return nil
}

// Close is there for who composes services; this one holds nothing to close.
func (s *Service) Close() error { return nil }
