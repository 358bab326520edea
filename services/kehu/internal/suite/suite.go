// Package suite puts all services and the gateway into one process. The
// services reach each other, and the gateway them, over an in-process pipe: the
// calls are those of the network, without the network.
package suite

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
	"github.com/kehuhq/kehu/services/gateway"
)

// Config says where the suite keeps its data, and holds the services' settings.
type Config struct {
	Store    engines.Config `koanf:",squash"`
	Gateway  gateway.Config `koanf:"gateway"`
	Services ServicesConfig `koanf:",squash"`
}

// DefaultConfig has everything but the place of the data.
func DefaultConfig() Config {
	return Config{Gateway: gateway.DefaultConfig(), Services: defaultServices()}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	check.Nested("", c.Store.Validate())
	check.Nested("gateway", c.Gateway.Validate())
	check.Nested("", c.Services.Validate())
	return check.Err()
}

// PipeConfig is how the services call each other.
func PipeConfig() rpc.ClientConfig { return rpc.DefaultClientConfig("suite") }

// Suite is the services of a process and their stores.
type Suite struct {
	gateway  *gateway.Service
	services []service
	engines  []docstore.Engine
}

// Open opens the stores and builds the services, which call their peers over
// pipe. ready, which the gateway answers /readyz with, may be nil.
func Open(ctx context.Context, c Config, version string, pipe grpc.ClientConnInterface, t *telemetry.Telemetry, ready func(context.Context) error) (_ *Suite, err error) {
	s := &Suite{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, build := range builders(c.Services) {
		engine, err := engines.Open(ctx, c.Store, build.name, t.Logger)
		if err != nil {
			return nil, fmt.Errorf("store of %s: %w", build.name, err)
		}
		s.engines = append(s.engines, engine)
		d := deps{engine: engine, peers: pipe, log: t.Logger.With("service", build.name), meters: t.Meters}
		if build.seals {
			var keys docstore.Engine
			if d.vault, keys, err = engines.OpenVault(ctx, c.Store, build.name, t.Logger); err != nil {
				return nil, fmt.Errorf("keys of %s: %w", build.name, err)
			}
			s.engines = append(s.engines, keys)
		}
		svc, err := build.new(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", build.name, err)
		}
		s.services = append(s.services, svc)
	}
	s.gateway, err = gateway.New(ctx, c.Gateway, gateway.Deps{
		Profile: pipe, Valuation: pipe, Segmentation: pipe, Referral: pipe, Feedback: pipe,
		Logger: t.Logger, Version: version, Ready: ready,
	})
	return s, err
}

// Register registers every service's RPCs.
func (s *Suite) Register(r grpc.ServiceRegistrar) {
	for _, svc := range s.services {
		svc.Register(r)
	}
}

// HTTPServer is a server of the gateway.
func (s *Suite) HTTPServer() *http.Server { return s.gateway.HTTPServer(s.gateway) }

// Serve does the services' background work until ctx is done.
func (s *Suite) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, svc := range s.services {
		group.Go(func() error { return svc.Serve(ctx) })
	}
	return group.Wait()
}

// Ready is nil while every store is at hand.
func (s *Suite) Ready(ctx context.Context) error {
	for _, engine := range s.engines {
		if err := engine.Ping(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the services and then their stores. Nothing may be served any more.
func (s *Suite) Close() error {
	var errs []error
	for _, svc := range s.services {
		errs = append(errs, svc.Close())
	}
	for _, engine := range s.engines {
		errs = append(errs, engine.Close())
	}
	return errors.Join(errs...)
}
