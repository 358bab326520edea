package rpc

import (
	"time"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

// ServerConfig bounds what callers can ask of a server.
type ServerConfig struct {
	MaxReceive           config.Bytes  `koanf:"max_receive" usage:"largest message taken"`
	MaxHeaders           config.Bytes  `koanf:"max_headers" usage:"largest header list taken"`
	MaxConcurrentStreams uint32        `koanf:"max_concurrent_streams" usage:"calls at once on one connection"`
	DefaultDeadline      time.Duration `koanf:"default_deadline" usage:"time a unary call has where its caller named none; 0 is no limit"`
	MaxDeadline          time.Duration `koanf:"max_deadline" usage:"longest time a unary call may ask for; 0 is no limit"`
	MinPingInterval      time.Duration `koanf:"min_ping_interval" usage:"callers that ping more often are disconnected"`
	MaxConnectionAge     time.Duration `koanf:"max_connection_age" usage:"connections are asked to reconnect after this time, so that load spreads; 0 is never"`
	StopTimeout          time.Duration `koanf:"stop_timeout" usage:"time that calls under way have to end when the server stops"`
	Reflection           bool          `koanf:"reflection" usage:"describe the services to callers that ask"`
}

// DefaultServerConfig suits a service inside a cluster.
func DefaultServerConfig() ServerConfig {
	return ServerConfig{
		MaxReceive:           4 * config.MiB,
		MaxHeaders:           32 * config.KiB,
		MaxConcurrentStreams: 1000,
		DefaultDeadline:      30 * time.Second,
		MaxDeadline:          time.Hour,
		MinPingInterval:      20 * time.Second,
		StopTimeout:          15 * time.Second,
		Reflection:           true,
	}
}

// Validate reports every setting that is wrong.
func (c ServerConfig) Validate() error {
	var check config.Validator
	check.Require(c.MaxReceive >= config.KiB && c.MaxReceive <= config.GiB, "max_receive", "must be between 1KiB and 1GiB")
	check.Require(c.MaxHeaders >= config.KiB && c.MaxHeaders <= 16*config.MiB, "max_headers", "must be between 1KiB and 16MiB")
	check.Require(c.MaxConcurrentStreams > 0, "max_concurrent_streams", "must be at least 1")
	check.Require(c.DefaultDeadline >= 0, "default_deadline", "must not be negative")
	check.Require(c.MaxDeadline == 0 || c.MaxDeadline >= c.DefaultDeadline, "max_deadline", "must be 0 or at least default_deadline (%s)", c.DefaultDeadline)
	check.Require(c.MinPingInterval >= time.Second, "min_ping_interval", "must be at least 1s")
	check.Require(c.MaxConnectionAge >= 0, "max_connection_age", "must not be negative")
	check.Require(c.StopTimeout > 0, "stop_timeout", "must be above 0")
	return check.Err()
}

// ClientConfig says how a client calls one peer.
type ClientConfig struct {
	// Peer is the peer's name in errors and logs, e.g. "profile".
	Peer         string        `koanf:"-"`
	Deadline     time.Duration `koanf:"deadline" usage:"time a unary call has where its context names none"`
	MaxReceive   config.Bytes  `koanf:"max_receive" usage:"largest answer taken"`
	Attempts     int           `koanf:"attempts" usage:"how often an idempotent unary call is tried in all while the peer is unavailable, 1 to 5"`
	MaxBackoff   time.Duration `koanf:"max_backoff" usage:"longest pause between attempts to reconnect"`
	PingInterval time.Duration `koanf:"ping_interval" usage:"pause after which a silent connection is probed, at least 10s; servers refuse less than their min_ping_interval"`
	// Telemetry traces and measures the calls; nil does not.
	Telemetry *telemetry.Telemetry `koanf:"-"`
}

// DefaultClientConfig suits a call from one service to another.
func DefaultClientConfig(peer string) ClientConfig {
	return ClientConfig{
		Peer:         peer,
		Deadline:     5 * time.Second,
		MaxReceive:   64 * config.MiB, // a customer's purchase history is never split
		Attempts:     3,
		MaxBackoff:   time.Second,
		PingInterval: 30 * time.Second,
	}
}

// Validate reports every setting that is wrong.
func (c ClientConfig) Validate() error {
	var check config.Validator
	check.Require(c.Peer != "", "peer", "must name the peer")
	check.Require(c.Deadline > 0, "deadline", "must be above 0")
	check.Require(c.MaxReceive >= config.KiB && c.MaxReceive <= config.GiB, "max_receive", "must be between 1KiB and 1GiB")
	check.Require(c.Attempts >= 1 && c.Attempts <= 5, "attempts", "must be between 1 and 5")
	check.Require(c.MaxBackoff >= 100*time.Millisecond, "max_backoff", "must be at least 100ms")
	check.Require(c.PingInterval >= 10*time.Second, "ping_interval", "must be at least 10s")
	return check.Err()
}
