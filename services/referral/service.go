// Package referral is the service that runs referral programmes and keeps the
// ledger of points.
package referral

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/periodic"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/referral/internal/app"
	"github.com/kehuhq/kehu/services/referral/internal/handler"
	"github.com/kehuhq/kehu/services/referral/internal/profile"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// Deps is what the service is given.
type Deps struct {
	Engine  docstore.Engine          // stays the caller's
	Vault   *vault.Vault             // seals memos and reasons
	Profile grpc.ClientConnInterface // to the profile service
	Logger  *slog.Logger             // slog.Default by default
	Clock   func() time.Time         // time.Now by default
	Random  io.Reader                // crypto/rand by default; anything else is for tests
}

// Service is the referral service.
type Service struct {
	cfg      Config
	log      *slog.Logger
	now      func() time.Time
	programs *app.Programs
	ledger   *app.Ledger
}

// New opens the service's collections.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Engine == nil || deps.Vault == nil || deps.Profile == nil {
		return nil, errors.New("referral: Engine, Vault and Profile are required")
	}
	s := &Service{cfg: cfg, log: deps.Logger, now: deps.Clock}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	collections, err := store.Open(ctx, deps.Engine, s.now)
	if err != nil {
		return nil, err
	}
	s.programs, s.ledger = app.New(collections, deps.Vault, profile.New(deps.Profile, s.log), s.now, deps.Random)
	return s, nil
}

// Register registers the service's RPCs.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	referralv1.RegisterProgramServiceServer(r, handler.NewPrograms(s.programs))
	referralv1.RegisterAdvocateServiceServer(r, handler.NewAdvocates(s.programs))
	referralv1.RegisterAdvocateUpdateServiceServer(r, handler.NewAdvocateUpdates(s.programs))
	referralv1.RegisterLedgerServiceServer(r, handler.NewLedger(s.ledger))
	referralv1.RegisterPersonalDataServiceServer(r, handler.NewPersonalData(s.programs, s.ledger))
}

// Serve finishes what broke off, and expires referrals, until ctx ends.
func (s *Service) Serve(ctx context.Context) error {
	periodic.Run(ctx, s.log, s.cfg.SweepInterval, "sweep", func(ctx context.Context) error {
		return s.programs.Sweep(ctx, s.now().Add(-s.cfg.SweepAfter))
	})
	return nil
}

// Close ends the service. The engine belongs to the caller.
func (s *Service) Close() error { return nil }
