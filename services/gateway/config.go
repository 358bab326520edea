package gateway

import (
	"time"

	"github.com/kehuhq/kehu/pkg/config"

	"github.com/kehuhq/kehu/services/gateway/internal/edge"
)

// Config bounds what callers can ask of the gateway.
type Config struct {
	CORSOrigins    []string      `koanf:"cors_origins" usage:"web origins whose pages may call, e.g. https://console.example.com; * is any"`
	MaxBody        config.Bytes  `koanf:"max_body" usage:"largest request body taken"`
	MaxHeaders     config.Bytes  `koanf:"max_headers" usage:"largest request header taken, the URL included"`
	HeaderTimeout  time.Duration `koanf:"header_timeout" usage:"time to send a request's header"`
	BodyTimeout    time.Duration `koanf:"body_timeout" usage:"time to send a request's body"`
	WriteTimeout   time.Duration `koanf:"write_timeout" usage:"time to take in one piece of an answer"`
	IdleTimeout    time.Duration `koanf:"idle_timeout" usage:"connections on which nothing was asked for so long are closed"`
	DefaultTimeout time.Duration `koanf:"default_timeout" usage:"time a call has where its caller names none; streams have no limit"`
	MaxTimeout     time.Duration `koanf:"max_timeout" usage:"longest time that a caller may name"`
	Heartbeat      time.Duration `koanf:"heartbeat" usage:"pause after which a stream of events shows that it lives"`
}

// DefaultConfig suits browsers and scripts, and lets no pages of other origins in.
func DefaultConfig() Config {
	return Config{
		MaxBody:        4 * config.MiB,
		MaxHeaders:     32 * config.KiB,
		HeaderTimeout:  5 * time.Second,
		BodyTimeout:    time.Minute,
		WriteTimeout:   time.Minute,
		IdleTimeout:    2 * time.Minute,
		DefaultTimeout: 30 * time.Second,
		MaxTimeout:     10 * time.Minute,
		Heartbeat:      15 * time.Second,
	}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	if _, err := edge.NewOrigins(c.CORSOrigins); err != nil {
		check.Fail("cors_origins", "must be origins such as https://console.example.com, or *: %v", err)
	}
	check.Require(c.MaxBody >= config.KiB && c.MaxBody <= config.GiB, "max_body", "must be between 1KiB and 1GiB")
	check.Require(c.MaxHeaders >= config.KiB && c.MaxHeaders <= 16*config.MiB, "max_headers", "must be between 1KiB and 16MiB")
	check.Require(c.HeaderTimeout > 0, "header_timeout", "must be above 0")
	check.Require(c.BodyTimeout > 0, "body_timeout", "must be above 0")
	check.Require(c.WriteTimeout > 0, "write_timeout", "must be above 0")
	check.Require(c.IdleTimeout > 0, "idle_timeout", "must be above 0")
	check.Require(c.DefaultTimeout > 0, "default_timeout", "must be above 0")
	check.Require(c.MaxTimeout >= c.DefaultTimeout, "max_timeout", "must be at least default_timeout (%s)", c.DefaultTimeout)
	check.Require(c.Heartbeat > 0, "heartbeat", "must be above 0")
	return check.Err()
}
