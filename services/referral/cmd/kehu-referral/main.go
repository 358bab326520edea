// Command kehu-referral runs referral programmes and keeps the ledger of points.
package main

import (
	"context"
	"os"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/process"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/referral"
)

// version is set at build time.
var version = "devel"

type settings struct {
	process.Settings `koanf:",squash"`
	Store            engines.Config  `koanf:",squash"`
	Profile          string          `koanf:"profile" usage:"HOST:PORT of profile"`
	Service          referral.Config `koanf:"service"`
}

func (s *settings) Validate() error {
	var check config.Validator
	check.Nested("", s.Settings.Validate())
	check.Nested("", s.Store.Validate())
	check.Address("profile", s.Profile)
	check.Nested("service", s.Service.Validate())
	return check.Err()
}

func main() {
	s := &settings{Settings: process.Defaults(), Service: referral.DefaultConfig()}
	os.Exit(process.Main(process.Program{
		Name: "kehu-referral", Version: version, Config: s, Settings: &s.Settings, Start: s.start,
	}))
}

func (s *settings) start(ctx context.Context, host *process.Host) error {
	engine, err := engines.Open(ctx, s.Store, "referral", host.Telemetry.Logger)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return engine.Close() })
	vault, keys, err := engines.OpenVault(ctx, s.Store, "referral", host.Telemetry.Logger)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return keys.Close() })
	profilePeer, err := host.Dial(s.Profile, rpc.DefaultClientConfig("profile"))
	if err != nil {
		return err
	}
	service, err := referral.New(ctx, s.Service, referral.Deps{
		Engine: engine, Vault: vault, Profile: profilePeer, Logger: host.Telemetry.Logger,
	})
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
