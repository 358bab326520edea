// Command kehu-segmentation groups the customers.
package main

import (
	"context"
	"os"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/process"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/segmentation"
)

// version is set at build time.
var version = "devel"

type settings struct {
	process.Settings `koanf:",squash"`
	Store            engines.Config      `koanf:",squash"`
	Profile          string              `koanf:"profile" usage:"HOST:PORT of profile"`
	Valuation        string              `koanf:"valuation" usage:"HOST:PORT of valuation"`
	Referral         string              `koanf:"referral" usage:"HOST:PORT of referral; without it rules do without referrals"`
	Feedback         string              `koanf:"feedback" usage:"HOST:PORT of feedback; without it rules do without answers to surveys"`
	Service          segmentation.Config `koanf:"service"`
}

func (s *settings) Validate() error {
	var check config.Validator
	check.Nested("", s.Settings.Validate())
	check.Nested("", s.Store.Validate())
	check.Address("profile", s.Profile)
	check.Address("valuation", s.Valuation)
	for name, address := range s.peers() {
		if *address != "" {
			check.Address(name, *address)
		}
	}
	check.Nested("service", s.Service.Validate())
	return check.Err()
}

// peers are the addresses of the services that there need not be, by name.
func (s *settings) peers() map[string]*string {
	return map[string]*string{"referral": &s.Referral, "feedback": &s.Feedback}
}

func main() {
	s := &settings{Settings: process.Defaults(), Service: segmentation.DefaultConfig()}
	os.Exit(process.Main(process.Program{
		Name: "kehu-segmentation", Version: version, Config: s, Settings: &s.Settings, Start: s.start,
	}))
}

func (s *settings) start(ctx context.Context, host *process.Host) error {
	engine, err := engines.Open(ctx, s.Store, "segmentation", host.Telemetry.Logger)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return engine.Close() })
	vault, keys, err := engines.OpenVault(ctx, s.Store, "segmentation", host.Telemetry.Logger)
	if err != nil {
		return err
	}
	host.OnStop(func(context.Context) error { return keys.Close() })
	profilePeer, err := host.Dial(s.Profile, rpc.DefaultClientConfig("profile"))
	if err != nil {
		return err
	}
	valuationPeer, err := host.Dial(s.Valuation, rpc.DefaultClientConfig("valuation"))
	if err != nil {
		return err
	}
	deps := segmentation.Deps{
		Engine: engine, Vault: vault, Profile: profilePeer, Valuation: valuationPeer,
		Logger: host.Telemetry.Logger, Meters: host.Telemetry.Meters,
	}
	conns := map[string]*grpc.ClientConnInterface{"referral": &deps.Referral, "feedback": &deps.Feedback}
	for name, address := range s.peers() {
		if *address == "" {
			continue
		}
		if *conns[name], err = host.Dial(*address, rpc.DefaultClientConfig(name)); err != nil {
			return err
		}
	}
	service, err := segmentation.New(ctx, s.Service, deps)
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
