package rpc

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/test/bufconn"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

// hardStop is how long calls have to notice that they were cut off.
const hardStop = 2 * time.Second

// Server serves a set of services with one chain of interceptors.
//
// Inside are two gRPC servers with the same options and services, one for the
// network and one for pipes. They differ in when they stop: a call from outside
// that is under way may still need its process's own services, so the pipes are
// drained last. Calls over a pipe are not limited in number either, since each
// may wait for another on the same connection.
type Server struct {
	config   ServerConfig
	log      *slog.Logger
	ready    func(context.Context) error
	network  *grpc.Server
	pipes    *grpc.Server
	health   *health.Server
	reported healthpb.HealthCheckResponse_ServingStatus // by reportHealth, last
	serving  atomic.Bool
}

type serverOptions struct {
	telemetry *telemetry.Telemetry
	ready     func(context.Context) error
	unary     []grpc.UnaryServerInterceptor
	stream    []grpc.StreamServerInterceptor
	grpc      []grpc.ServerOption
}

// ServerOption adds to a server what is no setting.
type ServerOption func(*serverOptions)

// WithTelemetry logs, traces and measures; without it the default logger is used.
func WithTelemetry(t *telemetry.Telemetry) ServerOption {
	return func(o *serverOptions) { o.telemetry = t }
}

// WithReadiness makes the server report itself unready while ready fails. It
// speaks of what the server itself needs, such as its store, never of peers.
func WithReadiness(ready func(context.Context) error) ServerOption {
	return func(o *serverOptions) { o.ready = ready }
}

// WithInterceptors adds a pair of interceptors between deadline and validation;
// the first added is the outermost. Either may be nil.
func WithInterceptors(unary grpc.UnaryServerInterceptor, stream grpc.StreamServerInterceptor) ServerOption {
	return func(o *serverOptions) {
		if unary != nil {
			o.unary = append(o.unary, unary)
		}
		if stream != nil {
			o.stream = append(o.stream, stream)
		}
	}
}

// WithGRPC passes options on to gRPC, such as grpc.Creds. They hold for the
// network only; interceptors belong into WithInterceptors.
func WithGRPC(options ...grpc.ServerOption) ServerOption {
	return func(o *serverOptions) { o.grpc = append(o.grpc, options...) }
}

// NewServer builds a server. It serves health, and reflection where configured.
// The error is a fault that names each setting that is wrong.
func NewServer(c ServerConfig, options ...ServerOption) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	o := serverOptions{ready: func(context.Context) error { return nil }}
	for _, option := range options {
		option(&o)
	}
	s := &Server{config: c, log: slog.Default(), ready: o.ready, health: health.NewServer()}
	if o.telemetry != nil {
		s.log = o.telemetry.Logger
	}
	shared := s.grpcOptions(o)
	s.network = grpc.NewServer(append(append(shared[:len(shared):len(shared)],
		grpc.MaxConcurrentStreams(c.MaxConcurrentStreams),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: c.MaxConnectionAge}),
	), o.grpc...)...)
	s.pipes = grpc.NewServer(append(shared[:len(shared):len(shared)], grpc.MaxConcurrentStreams(math.MaxUint32))...)

	s.health.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	s.Register(func(r grpc.ServiceRegistrar) {
		healthpb.RegisterHealthServer(r, s.health)
		if c.Reflection {
			reflectionpb.RegisterServerReflectionServer(r, reflection.NewServerV1(reflection.ServerOptions{Services: s.network}))
		}
	})
	return s, nil
}

func (s *Server) grpcOptions(o serverOptions) []grpc.ServerOption {
	out := outcome{s.log}
	limit := deadline{s.config.DefaultDeadline, s.config.MaxDeadline}
	var valid validation
	recoverer := recovery.WithRecoveryHandlerContext(out.panicked)

	unary := []grpc.UnaryServerInterceptor{
		identifyUnary, recovery.UnaryServerInterceptor(recoverer), out.logUnary, out.mapUnary, limit.unary,
	}
	stream := []grpc.StreamServerInterceptor{
		decodeStream, identifyStream, recovery.StreamServerInterceptor(recoverer), out.logStream, out.mapStream,
	}
	options := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(append(append(unary, o.unary...), valid.unary)...),
		grpc.ChainStreamInterceptor(append(append(stream, o.stream...), valid.stream)...),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.UnknownServiceHandler(unknownMethod),
		grpc.MaxRecvMsgSize(int(s.config.MaxReceive)),
		grpc.MaxHeaderListSize(uint32(s.config.MaxHeaders)),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: s.config.MinPingInterval, PermitWithoutStream: true,
		}),
	}
	if t := o.telemetry; t != nil {
		options = append(options, grpc.StatsHandler(otelgrpc.NewServerHandler(
			otelgrpc.WithTracerProvider(t.Tracers), otelgrpc.WithMeterProvider(t.Meters), otelgrpc.WithPropagators(t.Propagator))))
	}
	return options
}

func unknownMethod(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	return fault.New(fault.Unimplemented, "METHOD_UNKNOWN", "there is no method %s here", clip(method, maxField))
}

// Register registers services; call it before Serve.
func (s *Server) Register(services ...func(grpc.ServiceRegistrar)) {
	for _, register := range services {
		register(registrar{[]*grpc.Server{s.network, s.pipes}})
	}
}

// Methods lists the full name of every method served.
func (s *Server) Methods() []string {
	var methods []string
	for service, info := range s.network.GetServiceInfo() {
		for _, m := range info.Methods {
			methods = append(methods, "/"+service+"/"+m.Name)
		}
	}
	return methods
}

// Ready is nil while the server takes calls and what it needs is at hand.
func (s *Server) Ready(ctx context.Context) error {
	if !s.serving.Load() {
		return fault.New(fault.Unavailable, "NOT_SERVING", "the server is starting or stopping")
	}
	return s.ready(ctx)
}

// Serve serves on the listeners until ctx is done, then stops: it reports
// itself unready, takes no new calls, and lets those under way end within the
// StopTimeout, the ones from the network first. Serve owns the listeners. It
// can be called once.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.serving.Store(true)
	s.reportHealth(ctx)

	var group errgroup.Group
	for _, listener := range listeners {
		server := s.network
		if _, pipe := listener.(*bufconn.Listener); pipe {
			server = s.pipes
		}
		group.Go(func() error {
			defer cancel() // one listener that fails stops all
			err := server.Serve(listener)
			if errors.Is(err, grpc.ErrServerStopped) && ctx.Err() != nil {
				return nil // stopped before it began
			}
			return err
		})
	}
	group.Go(func() error {
		s.watchHealth(ctx)
		return nil
	})
	<-ctx.Done()
	s.serving.Store(false)
	s.health.Shutdown()
	stopErr := s.stop()
	return errors.Join(group.Wait(), stopErr)
}

func (s *Server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.StopTimeout)
	defer cancel()
	return errors.Join(s.drain(ctx, s.network), s.drain(ctx, s.pipes))
}

// drain waits for the calls of server to end, and cuts them off when ctx is done.
func (s *Server) drain(ctx context.Context, server *grpc.Server) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.GracefulStop()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.log.Warn("calls were cut off", slog.Duration("after", s.config.StopTimeout))
	go server.Stop()
	select {
	case <-done:
		return nil
	case <-time.After(hardStop):
		return errors.New("calls still run although their contexts have ended")
	}
}
