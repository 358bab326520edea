package rpc

import (
	"context"
	"log/slog"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// Health is polled, for the health protocol has watchers that want to be told.
const (
	healthInterval = time.Second
	healthTimeout  = time.Second
)

func (s *Server) watchHealth(ctx context.Context) {
	tick := time.NewTicker(healthInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.reportHealth(ctx)
		}
	}
}

// reportHealth sets the status of the server as a whole and of each service.
func (s *Server) reportHealth(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	state := healthpb.HealthCheckResponse_SERVING
	if err := s.Ready(bounded); err != nil {
		if ctx.Err() != nil {
			return // stopping; Serve says so itself
		}
		state = healthpb.HealthCheckResponse_NOT_SERVING
		if state != s.reported {
			s.log.WarnContext(ctx, "not ready", slog.Any("error", err))
		}
	}
	s.reported = state
	s.health.SetServingStatus("", state)
	for service := range s.network.GetServiceInfo() {
		s.health.SetServingStatus(service, state)
	}
}
