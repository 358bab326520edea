// Command kehu-profile knows the customers and their orders.
package main

import (
	"context"
	"os"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/process"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/profile"
)

// version is set at build time.
var version = "devel"

type settings struct {
	process.Settings `koanf:",squash"`
	Store            engines.Config `koanf:",squash"`
	Segmentation     string         `koanf:"segmentation" usage:"HOST:PORT of segmentation; without it analyses cannot be about the customers of a segment"`
	Service          profile.Config `koanf:"service"`
}

func (s *settings) Validate() error {
	var check config.Validator
	check.Nested("", s.Settings.Validate())
	check.Nested("", s.Store.Validate())
	if s.Segmentation != "" {
		check.Address("segmentation", s.Segmentation)
	}
	check.Nested("service", s.Service.Validate())
	return check.Err()
}

func main() {
	s := &settings{Settings: process.Defaults(), Service: profile.DefaultConfig()}
	os.Exit(process.Main(process.Program{
		Name: "kehu-profile", Version: version, Config: s, Settings: &s.Settings, Start: s.start,
	}))
}

func (s *settings) start(ctx context.Context, host *process.Host) error {
	engine, err := engines.Open(ctx, s.Store, "profile", host.Telemetry.Logger)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return engine.Close() })
	vault, keys, err := engines.OpenVault(ctx, s.Store, "profile", host.Telemetry.Logger)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return keys.Close() })
	deps := profile.Deps{Engine: engine, Vault: vault, Logger: host.Telemetry.Logger}
	if s.Segmentation != "" {
		if deps.Segmentation, err = host.Dial(s.Segmentation, rpc.DefaultClientConfig("segmentation")); err != nil {
			return err
		}
	}
	service, err := profile.New(ctx, s.Service, deps)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return service.Close() })
	host.Register(service.Register)
	host.Background(service.Serve)
	host.Needs(engine.Ping)
	host.Needs(keys.Ping)
	return nil
}
