package suite

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore"
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
	new  func(ctx context.Context, engine docstore.Engine, peers grpc.ClientConnInterface, log *slog.Logger) (service, error)
}

func builders(c ServicesConfig) []builder {
	return []builder{
		{"profile", func(ctx context.Context, e docstore.Engine, _ grpc.ClientConnInterface, log *slog.Logger) (service, error) {
			return profile.New(ctx, c.Profile, profile.Deps{Engine: e, Logger: log, Clock: time.Now})
		}},
		{"valuation", func(ctx context.Context, e docstore.Engine, peers grpc.ClientConnInterface, log *slog.Logger) (service, error) {
			return valuation.New(ctx, c.Valuation, valuation.Deps{Engine: e, Profile: peers, Logger: log, Clock: time.Now})
		}},
		{"segmentation", func(ctx context.Context, e docstore.Engine, peers grpc.ClientConnInterface, log *slog.Logger) (service, error) {
			return segmentation.New(ctx, c.Segmentation, segmentation.Deps{Engine: e, Profile: peers, Valuation: peers, Logger: log, Clock: time.Now})
		}},
		{"referral", func(ctx context.Context, e docstore.Engine, peers grpc.ClientConnInterface, log *slog.Logger) (service, error) {
			return referral.New(ctx, c.Referral, referral.Deps{Engine: e, Profile: peers, Logger: log, Clock: time.Now})
		}},
		{"feedback", func(ctx context.Context, e docstore.Engine, peers grpc.ClientConnInterface, log *slog.Logger) (service, error) {
			return feedback.New(ctx, c.Feedback, feedback.Deps{Engine: e, Profile: peers, Segmentation: peers, Logger: log, Clock: time.Now})
		}},
	}
}
