package referral

import (
	"time"

	"github.com/kehuhq/kehu/pkg/config"
)

// Config is what the service needs beyond its store and its peers.
type Config struct {
	SweepInterval time.Duration `koanf:"sweep_interval" usage:"how often to finish what broke off, and to expire referrals whose time has gone by"`
	SweepAfter    time.Duration `koanf:"sweep_after" usage:"how long something must have stood still to be taken for broken off"`
}

// DefaultConfig suits most shops.
func DefaultConfig() Config {
	return Config{SweepInterval: 10 * time.Second, SweepAfter: 15 * time.Second}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	check.Require(c.SweepInterval >= 100*time.Millisecond, "sweep_interval", "must be at least 100ms")
	check.Require(c.SweepAfter >= 0, "sweep_after", "must not be negative")
	return check.Err()
}
