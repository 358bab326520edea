package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/process"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
)

// The addresses of a suite that is told no others; reachable from this machine only.
const (
	defaultHTTP = "127.0.0.1:8080"
	defaultGRPC = "127.0.0.1:9090"
)

// serveConfig is all that can be set for `kehu serve`.
type serveConfig struct {
	HTTP      string           `koanf:"http" usage:"HOST:PORT to serve the JSON API on, with /livez, /readyz, /version and /openapi.json"`
	GRPC      string           `koanf:"grpc" usage:"HOST:PORT to serve the gRPC API on"`
	Admin     string           `koanf:"admin" usage:"HOST:PORT to serve /metrics on, with /livez, /readyz and /version; empty serves none"`
	RPC       rpc.ServerConfig `koanf:"rpc"`
	Telemetry telemetry.Config `koanf:"telemetry"`
	Suite     suite.Config     `koanf:",squash"`
}

// Validate reports every setting that is wrong.
func (c *serveConfig) Validate() error {
	var check config.Validator
	check.Address("http", c.HTTP)
	check.Address("grpc", c.GRPC)
	if c.Admin != "" {
		check.Address("admin", c.Admin)
	}
	check.Nested("rpc", c.RPC.Validate())
	check.Nested("telemetry", c.Telemetry.Validate())
	check.Nested("", c.Suite.Validate())
	return check.Err()
}

func newServe(version string) *cobra.Command {
	c := serveConfig{
		HTTP: defaultHTTP, GRPC: defaultGRPC,
		RPC: rpc.DefaultServerConfig(), Telemetry: telemetry.DefaultConfig(), Suite: suite.DefaultConfig(),
	}
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run all services and the JSON gateway in this process",
		Long: `Serves the whole suite. Settings come from flags, from the environment
(--grpc is KEHU_GRPC, --rpc-max-receive is KEHU_RPC__MAX_RECEIVE) and from a
YAML file, in this order of strength.

The APIs ask for no credentials yet: keep the addresses on a network you trust.`,
		Example: "  kehu serve --data ./data",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.Load(cmd.Flags(), file, "KEHU_", &c); err != nil {
				return err
			}
			return c.program(version).Serve(cmd.Context(), os.Stdout)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	if err := config.Flags(cmd.Flags(), &c); err != nil {
		panic(err) // two settings of one name: a defect that every start shows
	}
	return cmd
}

// program is the suite as a server process.
func (c *serveConfig) program(version string) process.Program {
	return process.Program{
		Name: "kehu", Version: version,
		Settings: &process.Settings{Listen: c.GRPC, Admin: c.Admin, GRPC: c.RPC, Telemetry: c.Telemetry},
		Start: func(ctx context.Context, host *process.Host) error {
			pipe, err := host.Pipe(suite.PipeConfig())
			if err != nil {
				return err
			}
			s, err := suite.Open(ctx, c.Suite, version, pipe, host.Telemetry, host.Ready)
			if err != nil {
				return err
			}
			host.OnStop(func(context.Context) error { return s.Close() })
			host.Register(s.Register)
			host.Background(s.Serve)
			host.Needs(s.Ready)
			host.HTTPServer("http", c.HTTP, s.HTTPServer())
			return nil
		},
	}
}
