package segmentation

import (
	"time"

	"github.com/kehuhq/kehu/pkg/config"

	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// Config is what the service needs to know beyond its store and its peers.
type Config struct {
	Keep          time.Duration `koanf:"keep" usage:"time for which a superseded list of members can still be paged through"`
	TimeZone      string        `koanf:"time_zone" usage:"IANA time zone in which days with orders begin and end, e.g. Asia/Shanghai"`
	Retention     time.Duration `koanf:"retention" usage:"time for which it is kept who entered and left, and why"`
	Lease         time.Duration `koanf:"lease" usage:"time after which another process takes over a recomputation whose process has died"`
	Attempts      int           `koanf:"attempts" usage:"runs of a recomputation without any advance, as while a peer is down, after which it fails"`
	Operations    int           `koanf:"operations" usage:"how many recomputations run at a time in this process"`
	SweepInterval time.Duration `koanf:"sweep_interval" usage:"how often to remove what nobody can read any more"`
}

// DefaultConfig suits a process on a few cores. With its 10 attempts a
// recomputation waits for its peers for about 4 minutes.
func DefaultConfig() Config {
	kept := standing.DefaultConfig()
	return Config{
		TimeZone: "UTC", Keep: kept.Keep, Retention: kept.Retention, Lease: kept.Lease,
		Attempts: 10, Operations: 8, SweepInterval: time.Minute,
	}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	check.Require(c.Keep >= time.Minute, "keep", "must be at least 1m")
	_, err := time.LoadLocation(c.TimeZone)
	check.Require(err == nil && c.TimeZone != "" && c.TimeZone != "Local", "time_zone", "must be an IANA time zone, e.g. Asia/Shanghai")
	check.Require(c.Retention >= c.Keep, "retention", "must be at least as long as keep")
	check.Require(c.Lease >= time.Second, "lease", "must be at least 1s")
	check.Require(c.Attempts >= 1 && c.Attempts <= 1000, "attempts", "must be between 1 and 1000")
	check.Require(c.Operations >= 1, "operations", "must be at least 1")
	check.Require(c.SweepInterval >= time.Second, "sweep_interval", "must be at least 1s")
	return check.Err()
}
