// Package process runs a server binary: configuration, telemetry, the gRPC
// server, an HTTP listener for those who operate it, and an orderly stop.
//
//	func main() {
//		settings := config{Settings: process.Defaults(), Profile: profile.DefaultConfig()}
//		os.Exit(process.Main(process.Program{
//			Name: "kehu-profile", Version: version, Config: &settings, Settings: &settings.Settings,
//			Start: func(ctx context.Context, host *process.Host) error { … },
//		}))
//	}
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

// Settings are what every server binary can be told. Embed them in the
// binary's own with `koanf:",squash"`.
type Settings struct {
	Listen    string           `koanf:"listen" usage:"HOST:PORT to serve gRPC on; port 0 takes a free one"`
	Admin     string           `koanf:"admin" usage:"HOST:PORT to serve /livez, /readyz, /version and /metrics on; empty serves none"`
	GRPC      rpc.ServerConfig `koanf:"grpc"`
	Telemetry telemetry.Config `koanf:"telemetry"`
}

// Defaults listen on free ports of the loopback interface.
func Defaults() Settings {
	return Settings{
		Listen:    "127.0.0.1:0",
		Admin:     "127.0.0.1:0",
		GRPC:      rpc.DefaultServerConfig(),
		Telemetry: telemetry.DefaultConfig(),
	}
}

// Validate reports every setting that is wrong.
func (s Settings) Validate() error {
	var check config.Validator
	check.Address("listen", s.Listen)
	if s.Admin != "" {
		check.Address("admin", s.Admin)
	}
	check.Nested("grpc", s.GRPC.Validate())
	check.Nested("telemetry", s.Telemetry.Validate())
	return check.Err()
}

// Program is a server binary.
type Program struct {
	Name    string // e.g. "kehu-profile", whose environment begins with KEHU_PROFILE_
	Version string
	// Config points to the binary's settings, defaults filled in, and Settings
	// to the common ones within them.
	Config   any
	Settings *Settings
	// Start opens stores, dials peers and builds services, and hands them to the
	// host. What it has handed over is closed even where it then fails.
	Start func(ctx context.Context, host *Host) error
}

// Main runs the program with the arguments of the process until SIGTERM or an
// interrupt; a second signal ends it at once. It returns the exit code: 0, or 2
// where the configuration is wrong, or 1 for any other error.
func Main(p Program) int {
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer restore()
	go func() {
		<-ctx.Done()
		restore()
	}()
	err := p.Run(ctx, os.Args[1:], os.Stdout)
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", p.Name, describe(err))
	if fault.KindOf(err) == fault.InvalidArgument {
		return 2
	}
	return 1
}

// describe lists what is wrong one below the other.
func describe(err error) string {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) < 2 {
		return err.Error()
	}
	lines := []string{fmt.Sprintf("%d settings are wrong:", len(f.Violations))}
	for _, v := range f.Violations {
		lines = append(lines, "  "+v.Field+": "+v.Description)
	}
	return strings.Join(lines, "\n")
}

// Run reads the configuration from args, environment and file, and serves until
// ctx is done.
func (p Program) Run(ctx context.Context, args []string, stdout io.Writer) error {
	done, err := p.load(args, stdout)
	if done || err != nil {
		return err
	}
	return p.Serve(ctx, stdout)
}

// load fills Config. It is done where the arguments only ask for information.
func (p Program) load(args []string, stdout io.Writer) (done bool, err error) {
	prefix := strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_")) + "_"
	flags := pflag.NewFlagSet(p.Name, pflag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.SortFlags = false
	file := flags.String("config", os.Getenv(prefix+"CONFIG"), "YAML file with settings")
	version := flags.Bool("version", false, "print the version and exit")
	if err := config.Flags(flags, p.Config); err != nil {
		return false, err
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		return true, nil
	case err != nil:
		return false, fault.Invalid("arguments", "%v", err)
	case flags.NArg() > 0:
		return false, fault.Invalid("arguments", "there are none, only flags; got %q", flags.Arg(0))
	case *version:
		_, err := fmt.Fprintln(stdout, p.Name, p.Version)
		return true, err
	}
	return false, config.Load(flags, *file, prefix, p.Config)
}
