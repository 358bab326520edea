package process

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

// Host takes what a program serves. Its methods are for Program.Start.
type Host struct {
	Telemetry *telemetry.Telemetry

	services []func(grpc.ServiceRegistrar)
	options  []rpc.ServerOption
	pipes    []net.Listener
	sites    []site
	ready    []func(context.Context) error
	stops    []func(context.Context) error
	works    []func(context.Context) error
	stopping chan struct{}
	server   *rpc.Server // set before anything is served
}

// site is a public HTTP listener.
type site struct {
	name, address string
	server        *http.Server
}

// Register serves a service.
func (h *Host) Register(service func(grpc.ServiceRegistrar)) {
	h.services = append(h.services, service)
}

// Options adds to the gRPC server, e.g. rpc.WithInterceptors.
func (h *Host) Options(options ...rpc.ServerOption) {
	h.options = append(h.options, options...)
}

// HTTP serves handler on address; name stands before the address in the line
// that says the process is ready.
func (h *Host) HTTP(name, address string, handler http.Handler) {
	h.HTTPServer(name, address, newHTTPServer(h.Telemetry.Logger, handler))
}

// HTTPServer is HTTP with a server that brings its own limits.
func (h *Host) HTTPServer(name, address string, server *http.Server) {
	h.sites = append(h.sites, site{name, address, server})
}

// Needs makes readiness depend on check, which speaks of what the process has
// of its own, such as its store; never of peers.
func (h *Host) Needs(check func(context.Context) error) {
	h.ready = append(h.ready, check)
}

// OnStop has stop called once nothing is served any more, the last added first.
func (h *Host) OnStop(stop func(context.Context) error) {
	h.stops = append(h.stops, stop)
}

// Background runs work beside the serving until the process stops. When work
// fails the process stops.
func (h *Host) Background(work func(context.Context) error) {
	h.works = append(h.works, work)
}

// Stopping is closed when the process begins to stop, for handlers that would
// stream on.
func (h *Host) Stopping() <-chan struct{} { return h.stopping }

// Dial makes a connection to a peer, closed when the process stops.
func (h *Host) Dial(target string, c rpc.ClientConfig) (*grpc.ClientConn, error) {
	c.Telemetry = h.Telemetry
	conn, err := rpc.Dial(target, c)
	if err != nil {
		return nil, err
	}
	h.OnStop(func(context.Context) error { return conn.Close() })
	return conn, nil
}

// Pipe makes a connection to the process's own services.
func (h *Host) Pipe(c rpc.ClientConfig) (*grpc.ClientConn, error) {
	c.Telemetry = h.Telemetry
	listener, conn, err := rpc.Pipe(c)
	if err != nil {
		return nil, err
	}
	h.pipes = append(h.pipes, listener)
	h.OnStop(func(context.Context) error { return conn.Close() })
	return conn, nil
}

// work runs what was given to Background; the function it returns ends that and waits.
func (h *Host) work(ctx context.Context, failed chan<- error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, work := range h.works {
		running.Go(func() {
			if err := work(ctx); err != nil && ctx.Err() == nil {
				failed <- err
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// Ready is nil while the process serves and all it Needs is at hand.
func (h *Host) Ready(ctx context.Context) error {
	if h.server == nil {
		return fault.New(fault.Unavailable, "NOT_SERVING", "the process is starting")
	}
	return h.server.Ready(ctx)
}

func (h *Host) checkReady(ctx context.Context) error {
	for _, check := range h.ready {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) stop(ctx context.Context) error {
	var errs []error
	for _, stop := range slices.Backward(h.stops) {
		errs = append(errs, stop(ctx))
	}
	h.stops = nil
	return errors.Join(errs...)
}
