// Command kehu-valuation says what each customer is worth.
package main

import (
	"context"
	"os"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/process"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/valuation"
)

// version is set at build time.
var version = "devel"

type settings struct {
	process.Settings `koanf:",squash"`
	Store            engines.Config   `koanf:",squash"`
	Profile          string           `koanf:"profile" usage:"HOST:PORT of profile"`
	Segmentation     string           `koanf:"segmentation" usage:"HOST:PORT of segmentation, empty for none: no segment's value is then added up"`
	Service          valuation.Config `koanf:"service"`
}

func (s *settings) Validate() error {
	var check config.Validator
	check.Nested("", s.Settings.Validate())
	check.Nested("", s.Store.Validate())
	check.Address("profile", s.Profile)
	if s.Segmentation != "" {
		check.Address("segmentation", s.Segmentation)
	}
	check.Nested("service", s.Service.Validate())
	return check.Err()
}

func main() {
	s := &settings{Settings: process.Defaults(), Service: valuation.DefaultConfig()}
	os.Exit(process.Main(process.Program{
		Name: "kehu-valuation", Version: version, Config: s, Settings: &s.Settings, Start: s.start,
	}))
}

func (s *settings) start(ctx context.Context, host *process.Host) error {
	engine, err := engines.Open(ctx, s.Store, "valuation", host.Telemetry.Logger)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return engine.Close() })
	profilePeer, err := host.Dial(s.Profile, rpc.DefaultClientConfig("profile"))
	if err != nil {
		return err
	}
	deps := valuation.Deps{Engine: engine, Profile: profilePeer, Logger: host.Telemetry.Logger}
	if s.Segmentation != "" {
		if deps.Segmentation, err = host.Dial(s.Segmentation, rpc.DefaultClientConfig("segmentation")); err != nil {
			return err
		}
	}
	service, err := valuation.New(ctx, s.Service, deps)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return service.Close() })
	host.Register(service.Register)
	host.Background(service.Serve)
	host.Needs(engine.Ping)
	return nil
}
