package feedback

import (
	"time"

	"github.com/kehuhq/kehu/pkg/config"
)

// Config is what the service needs beyond its store and its peers.
type Config struct {
	SweepInterval time.Duration `koanf:"sweep_interval" usage:"how often to remove what is left of surveys deleted long ago"`
	SubmitTimeout time.Duration `koanf:"submit_timeout" usage:"time an answer may take to be stored once its customer was looked up; an erasure waits so long, and 10s more, for answers under way"`
}

// DefaultConfig suits any shop.
func DefaultConfig() Config {
	return Config{SweepInterval: time.Hour, SubmitTimeout: 5 * time.Second}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	check.Require(c.SweepInterval >= time.Second, "sweep_interval", "must be at least 1s")
	check.Require(c.SubmitTimeout >= time.Second && c.SubmitTimeout <= time.Minute, "submit_timeout", "must be between 1s and 1m")
	return check.Err()
}
