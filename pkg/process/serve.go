package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

const (
	readyInterval = 20 * time.Millisecond
	closeTimeout  = 10 * time.Second
)

// Serve serves until ctx is done, then stops in this order: it reports itself
// unready, ends public HTTP, then background work, then gRPC, then runs what was given to OnStop, and
// last ends the admin listener and telemetry. When it first is ready it writes
// one line to stdout, with the addresses it listens on.
func (p Program) Serve(ctx context.Context, stdout io.Writer) error {
	c := p.Settings.Telemetry
	c.ServiceName, c.Version = p.Name, p.Version
	tel, err := telemetry.Start(ctx, c)
	if err != nil {
		return err
	}
	host := &Host{Telemetry: tel, stopping: make(chan struct{})}
	err = p.serve(ctx, host, stdout)

	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if stopErr := host.stop(closing); stopErr != nil { // after a start that failed
		err = errors.Join(err, stopErr)
	}
	if flushErr := tel.Shutdown(closing); flushErr != nil {
		tel.Logger.Warn("telemetry is lost", slog.Any("error", flushErr)) // no reason to fail
	}
	return err
}

func (p Program) serve(ctx context.Context, host *Host, stdout io.Writer) (err error) {
	if err := p.Start(ctx, host); err != nil {
		return err
	}
	server, err := rpc.NewServer(p.Settings.GRPC, append(host.options,
		rpc.WithTelemetry(host.Telemetry), rpc.WithReadiness(host.checkReady))...)
	if err != nil {
		return err
	}
	server.Register(host.services...)
	host.server = server

	open, err := p.listen(host, server)
	if err != nil {
		return err
	}
	failed := make(chan error, 3+len(open.public)+len(host.works))
	open.serveHTTP(failed)
	grpcContext, stopGRPC := context.WithCancel(context.WithoutCancel(ctx))
	defer stopGRPC()
	grpcDone := make(chan error, 1)
	go func() {
		err := server.Serve(grpcContext, append(host.pipes, open.grpc)...)
		failed <- err
		grpcDone <- err
	}()

	stopWork := host.work(ctx, failed)
	defer stopWork()

	err = p.announce(ctx, server, open, stdout, failed)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	host.Telemetry.Logger.Info("stopping")
	close(host.stopping)
	open.draining.Store(true)
	err = errors.Join(err, open.stopPublic(p.Settings.GRPC.StopTimeout))
	stopWork()
	stopGRPC()
	if grpcErr := <-grpcDone; !errors.Is(err, grpcErr) {
		err = errors.Join(err, grpcErr)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return errors.Join(err, host.stop(closing), open.stopAdmin(closing))
}

// announce writes the line once the process is ready. It returns early, without
// error, where ctx is done first.
func (p Program) announce(ctx context.Context, server *rpc.Server, open *listeners, stdout io.Writer, failed <-chan error) error {
	tick := time.NewTicker(readyInterval)
	defer tick.Stop()
	for server.Ready(ctx) != nil {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-tick.C:
		}
	}
	_, err := fmt.Fprintf(stdout, "%s %s ready: %s\n", p.Name, p.Version, strings.Join(open.addresses, " "))
	return err
}

// listen opens every listener, or none.
func (p Program) listen(host *Host, server *rpc.Server) (open *listeners, err error) {
	open = &listeners{log: host.Telemetry.Logger}
	defer func() {
		if err != nil {
			open.close()
		}
	}()
	if open.grpc, err = open.add("grpc", "listen", p.Settings.Listen); err != nil {
		return open, err
	}
	for _, s := range host.sites {
		listener, err := open.add(s.name, s.name, s.address)
		if err != nil {
			return open, err
		}
		open.public = append(open.public, httpListener{listener, s.server})
	}
	if p.Settings.Admin == "" {
		return open, nil
	}
	listener, err := open.add("admin", "admin", p.Settings.Admin)
	if err != nil {
		return open, err
	}
	ready := func(ctx context.Context) error {
		if open.draining.Load() {
			return fault.New(fault.Unavailable, "NOT_SERVING", "the process is stopping")
		}
		return server.Ready(ctx)
	}
	open.admin = &httpListener{listener, newHTTPServer(open.log, AdminHandler(p.Name, p.Version, ready, host.Telemetry.Metrics()))}
	return open, nil
}

func listenTCP(setting, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.Invalid(setting, "cannot listen on %s: %v", address, err).Because(err)
	}
	return listener, nil
}

// isClosed tells the end of a server that was stopped from one that failed.
func isClosed(err error) bool {
	return err == nil || errors.Is(err, http.ErrServerClosed)
}
