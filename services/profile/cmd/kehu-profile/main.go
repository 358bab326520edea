// Command kehu-profile knows the customers and their orders.
package main

import (
	"context"
	"os"

	"google.golang.org/grpc"

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
	Valuation        string         `koanf:"valuation" usage:"HOST:PORT of valuation; set it where there is one, so that exports and erasures of a person reach it"`
	Referral         string         `koanf:"referral" usage:"HOST:PORT of referral, for the same"`
	Feedback         string         `koanf:"feedback" usage:"HOST:PORT of feedback, for the same"`
	Service          profile.Config `koanf:"service"`
}

func (s *settings) Validate() error {
	var check config.Validator
	check.Nested("", s.Settings.Validate())
	check.Nested("", s.Store.Validate())
	for name, address := range s.peers() {
		if *address != "" {
			check.Address(name, *address)
		}
	}
	check.Nested("service", s.Service.Validate())
	return check.Err()
}

// peers are the addresses of the other services, by name.
func (s *settings) peers() map[string]*string {
	return map[string]*string{
		"segmentation": &s.Segmentation, "valuation": &s.Valuation, "referral": &s.Referral, "feedback": &s.Feedback,
	}
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
	conns := map[string]*grpc.ClientConnInterface{
		"segmentation": &deps.Segmentation, "valuation": &deps.Valuation, "referral": &deps.Referral, "feedback": &deps.Feedback,
	}
	for name, address := range s.peers() {
		if *address == "" {
			continue
		}
		if *conns[name], err = host.Dial(*address, rpc.DefaultClientConfig(name)); err != nil {
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
