package feedback

import (
	"time"

	"github.com/kehuhq/kehu/pkg/config"
)

// Config is what the service needs beyond its store and its peers.
type Config struct {
	SweepInterval time.Duration `koanf:"sweep_interval" usage:"how often to remove what is left of surveys deleted long ago"`
}

// DefaultConfig suits any shop.
func DefaultConfig() Config {
	return Config{SweepInterval: time.Hour}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	check.Require(c.SweepInterval >= time.Second, "sweep_interval", "must be at least 1s")
	return check.Err()
}
