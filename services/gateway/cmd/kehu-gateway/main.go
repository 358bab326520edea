// Command kehu-gateway serves the services' APIs as JSON over HTTP.
package main

import (
	"context"
	"os"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/process"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/gateway"
)

// version is set at build time.
var version = "devel"

// maxAnswer is the largest message taken from a service: a purchase history is
// never split.
const maxAnswer = 64 * config.MiB

type settings struct {
	process.Settings `koanf:",squash"`
	HTTP             string         `koanf:"http" usage:"HOST:PORT to serve JSON on"`
	Profile          string         `koanf:"profile" usage:"HOST:PORT of profile"`
	Valuation        string         `koanf:"valuation" usage:"HOST:PORT of valuation"`
	Segmentation     string         `koanf:"segmentation" usage:"HOST:PORT of segmentation"`
	Referral         string         `koanf:"referral" usage:"HOST:PORT of referral"`
	Feedback         string         `koanf:"feedback" usage:"HOST:PORT of feedback"`
	Service          gateway.Config `koanf:"service"`
}

func (s *settings) Validate() error {
	var check config.Validator
	check.Nested("", s.Settings.Validate())
	check.Address("http", s.HTTP)
	check.Address("profile", s.Profile)
	check.Address("valuation", s.Valuation)
	check.Address("segmentation", s.Segmentation)
	check.Address("referral", s.Referral)
	check.Address("feedback", s.Feedback)
	check.Nested("service", s.Service.Validate())
	return check.Err()
}

func main() {
	s := &settings{Settings: process.Defaults(), HTTP: "127.0.0.1:8080", Service: gateway.DefaultConfig()}
	os.Exit(process.Main(process.Program{
		Name: "kehu-gateway", Version: version, Config: s, Settings: &s.Settings, Start: s.start,
	}))
}

func (s *settings) start(ctx context.Context, host *process.Host) error {
	deps := gateway.Deps{Logger: host.Telemetry.Logger, Version: version, Ready: host.Ready}
	for _, peer := range []struct {
		name, target string
		conn         *grpc.ClientConnInterface
	}{
		{"profile", s.Profile, &deps.Profile},
		{"valuation", s.Valuation, &deps.Valuation},
		{"segmentation", s.Segmentation, &deps.Segmentation},
		{"referral", s.Referral, &deps.Referral},
		{"feedback", s.Feedback, &deps.Feedback},
	} {
		client := rpc.DefaultClientConfig(peer.name)
		client.MaxReceive = maxAnswer
		conn, err := host.Dial(peer.target, client)
		if err != nil {
			return err
		}
		*peer.conn = conn
	}
	service, err := gateway.New(ctx, s.Service, deps)
	if err != nil {
		return err
	}
	host.HTTPServer("http", s.HTTP, service.HTTPServer(service))
	return nil
}
