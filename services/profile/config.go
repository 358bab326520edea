package profile

import (
	"time"

	"github.com/kehuhq/kehu/pkg/config"
)

// Config is what the service needs beyond its store.
type Config struct {
	SweepInterval time.Duration `koanf:"sweep_interval" usage:"how often to finish what broke off, e.g. an identifier claimed for a customer that was not written"`
	Operations    int           `koanf:"operations" usage:"how many long-running operations, such as imports, run at a time in this process"`
}

// DefaultConfig suits a process on a few cores.
func DefaultConfig() Config {
	return Config{SweepInterval: 30 * time.Second, Operations: 2}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	check.Require(c.SweepInterval >= time.Second, "sweep_interval", "must be at least 1s")
	check.Require(c.Operations >= 1, "operations", "must be at least 1")
	return check.Err()
}
