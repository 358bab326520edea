// Command kehu-valuation says what each customer is worth.
package main

import (
	"context"
	"os"

	"google.golang.org/grpc"

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
	Segmentation     string           `koanf:"segmentation" usage:"HOST:PORT of segmentation; without it no figures are told by segment"`
	Referral         string           `koanf:"referral" usage:"HOST:PORT of referral; without it loyalty and indicators do without referrals"`
	Feedback         string           `koanf:"feedback" usage:"HOST:PORT of feedback; without it loyalty and indicators do without satisfaction"`
	Service          valuation.Config `koanf:"service"`
}

func (s *settings) Validate() error {
	var check config.Validator
	check.Nested("", s.Settings.Validate())
	check.Nested("", s.Store.Validate())
	check.Address("profile", s.Profile)
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
	return map[string]*string{"segmentation": &s.Segmentation, "referral": &s.Referral, "feedback": &s.Feedback}
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
	conns := map[string]*grpc.ClientConnInterface{
		"segmentation": &deps.Segmentation, "referral": &deps.Referral, "feedback": &deps.Feedback,
	}
	for name, address := range s.peers() {
		if *address == "" {
			continue
		}
		if *conns[name], err = host.Dial(*address, rpc.DefaultClientConfig(name)); err != nil {
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
