package suite

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/vault"
	"github.com/kehuhq/kehu/services/feedback"
	"github.com/kehuhq/kehu/services/profile"
	"github.com/kehuhq/kehu/services/referral"
	"github.com/kehuhq/kehu/services/segmentation"
	"github.com/kehuhq/kehu/services/valuation"
)

// Names are the services that keep data, in the order in which they are opened.
var Names = []string{"profile", "valuation", "segmentation", "referral", "feedback"}

// ServicesConfig holds each service's own settings.
type ServicesConfig struct {
	Profile      profile.Config      `koanf:"profile"`
	Valuation    valuation.Config    `koanf:"valuation"`
	Segmentation segmentation.Config `koanf:"segmentation"`
	Referral     referral.Config     `koanf:"referral"`
	Feedback     feedback.Config     `koanf:"feedback"`
}

// Validate reports every setting that is wrong.
func (c ServicesConfig) Validate() error {
	var check config.Validator
	check.Nested("profile", c.Profile.Validate())
	check.Nested("valuation", c.Valuation.Validate())
	check.Nested("segmentation", c.Segmentation.Validate())
	check.Nested("referral", c.Referral.Validate())
	check.Nested("feedback", c.Feedback.Validate())
	return check.Err()
}

func defaultServices() ServicesConfig {
	return ServicesConfig{
		Profile:      profile.DefaultConfig(),
		Valuation:    valuation.DefaultConfig(),
		Segmentation: segmentation.DefaultConfig(),
		Referral:     referral.DefaultConfig(),
		Feedback:     feedback.DefaultConfig(),
	}
}

// service is what all of them offer to who composes them.
type service interface {
	Register(grpc.ServiceRegistrar)
	Serve(context.Context) error
	Close() error
}

type builder struct {
	name string
	new  func(ctx context.Context, d deps) (service, error)
	// seals says that the service has a vault.
	seals bool
}

// deps are what any of the services is given.
type deps struct {
	engine docstore.Engine
	vault  *vault.Vault // nil unless it seals
	peers  grpc.ClientConnInterface
	log    *slog.Logger
	meters metric.MeterProvider
}

// StoresOf are the stores of a service: its own, and that of its data keys where
// it seals what it keeps.
func StoresOf(name string) []string {
	for _, b := range builders(defaultServices()) {
		if b.name == name && b.seals {
			return []string{name, engines.Keys(name)}
		}
	}
	return []string{name}
}

func builders(c ServicesConfig) []builder {
	return []builder{
		{"profile", func(ctx context.Context, d deps) (service, error) {
			return profile.New(ctx, c.Profile, profile.Deps{Engine: d.engine, Vault: d.vault, Segmentation: d.peers, Valuation: d.peers, Referral: d.peers, Feedback: d.peers, Logger: d.log, Clock: time.Now})
		}, true},
		{"valuation", func(ctx context.Context, d deps) (service, error) {
			return valuation.New(ctx, c.Valuation, valuation.Deps{Engine: d.engine, Profile: d.peers, Segmentation: d.peers, Referral: d.peers, Feedback: d.peers, Logger: d.log, Clock: time.Now})
		}, false},
		{"segmentation", func(ctx context.Context, d deps) (service, error) {
			return segmentation.New(ctx, c.Segmentation, segmentation.Deps{
				Engine: d.engine, Vault: d.vault, Profile: d.peers, Valuation: d.peers, Feedback: d.peers, Referral: d.peers,
				Logger: d.log, Meters: d.meters, Clock: time.Now,
			})
		}, true},
		{"referral", func(ctx context.Context, d deps) (service, error) {
			return referral.New(ctx, c.Referral, referral.Deps{Engine: d.engine, Vault: d.vault, Profile: d.peers, Logger: d.log, Clock: time.Now})
		}, true},
		{"feedback", func(ctx context.Context, d deps) (service, error) {
			return feedback.New(ctx, c.Feedback, feedback.Deps{
				Engine: d.engine, Vault: d.vault, Profile: d.peers, Segmentation: d.peers, Logger: d.log, Clock: time.Now,
			})
		}, true},
	}
}
