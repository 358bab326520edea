// Package gateway serves the services' RPCs as JSON over HTTP.
//
//	/v1/…                     the RPCs, where the google.api.http options put them
//	/v1/batch /v1/track …     events as Segment's SDKs send them
//	/openapi.json             their description in OpenAPI 3.1
//	/livez /readyz /version   for those who operate it
//
// Every error is a problem of RFC 9457. It calls the services as any other
// client does, and keeps no data.
package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/gen/openapi"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/process"

	"github.com/kehuhq/kehu/services/gateway/internal/binding"
	"github.com/kehuhq/kehu/services/gateway/internal/edge"
	"github.com/kehuhq/kehu/services/gateway/internal/segment"
	"github.com/kehuhq/kehu/services/gateway/internal/transcode"
)

// Deps is what the gateway is given.
type Deps struct {
	// Connections to the services; the caller closes them.
	Profile, Valuation, Segmentation, Referral, Feedback grpc.ClientConnInterface

	Logger  *slog.Logger                // slog.Default by default
	Version string                      // told at /version
	Ready   func(context.Context) error // what /readyz asks; always ready by default
}

// Service is the gateway. As an http.Handler it serves requests; its settings
// that concern connections take effect in a server made by HTTPServer.
type Service struct {
	cfg      Config
	log      *slog.Logger
	handler  http.Handler
	stopping chan struct{}
	stop     func()
}

// New builds the gateway. It calls no service.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Logger == nil {
		deps.Logger = slog.Default()
	}
	if deps.Ready == nil {
		deps.Ready = func(context.Context) error { return nil }
	}
	s := &Service{cfg: cfg, log: deps.Logger, stopping: make(chan struct{})}
	s.stop = sync.OnceFunc(func() { close(s.stopping) })

	table, err := binding.Load(packages...)
	if err != nil {
		return nil, fmt.Errorf("routes: %w", err)
	}
	api, err := transcode.New(transcode.Limits{
		MaxBody:        int64(cfg.MaxBody),
		DefaultTimeout: cfg.DefaultTimeout,
		MaxTimeout:     cfg.MaxTimeout,
		Heartbeat:      cfg.Heartbeat,
	}, table, s.stopping)
	if err != nil {
		return nil, fmt.Errorf("routes: %w", err)
	}
	if err := register(ctx, api.Mux(), deps); err != nil {
		return nil, err
	}
	origins, err := edge.NewOrigins(cfg.CORSOrigins)
	if err != nil {
		return nil, err
	}
	intake := segment.New(segment.Limits{MaxBody: int64(cfg.MaxBody), Timeout: cfg.DefaultTimeout}, profilev1.NewEventServiceClient(deps.Profile))
	operate := process.AdminHandler("kehu-gateway", deps.Version, s.ready(deps.Ready), nil)
	s.handler = &edge.Edge{
		Logger:       deps.Logger,
		Origins:      origins,
		BodyTimeout:  cfg.BodyTimeout,
		WriteTimeout: cfg.WriteTimeout,
		API:          api,
		Intakes:      intake.Handlers(),
		Pages: map[string]http.Handler{
			"/openapi.json": edge.Document("application/json", openapi.Document),
			"/livez":        operate,
			"/readyz":       operate,
			"/version":      operate,
		},
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// HTTPServer makes a server with the configured limits for a handler through
// which requests come to s, such as s itself. When it is shut down, streams are
// told and end, and /readyz fails.
func (s *Service) HTTPServer(handler http.Handler) *http.Server {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: s.cfg.HeaderTimeout,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    int(s.cfg.MaxHeaders),
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // mostly callers that break off
	}
	server.RegisterOnShutdown(s.stop)
	return server
}

// ready fails once the gateway is stopping.
func (s *Service) ready(ready func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-s.stopping:
			return fault.New(fault.Unavailable, "SERVER_STOPPING", "the gateway is stopping")
		default:
			return ready(ctx)
		}
	}
}
