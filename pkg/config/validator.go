package config

import (
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Validator gathers every failure of a configuration, so that one run reports
// all. The zero value is ready. Keys are those of the koanf tags.
type Validator struct {
	faults []*fault.Fault
}

// Fail records that the setting key is wrong, saying what would be right.
func (v *Validator) Fail(key, format string, args ...any) {
	v.faults = append(v.faults, fault.Invalid(key, format, args...))
}

// Require records a failure unless ok.
func (v *Validator) Require(ok bool, key, format string, args ...any) {
	if !ok {
		v.Fail(key, format, args...)
	}
}

// Nested records the failures of a nested section under key; empty key adds
// them as they are.
func (v *Validator) Nested(key string, err error) {
	if err == nil {
		return
	}
	f, ok := fault.As(err)
	if !ok || len(f.Violations) == 0 {
		v.Fail(key, "%v", err)
		return
	}
	for _, violation := range f.Violations {
		path := violation.Field
		if key != "" {
			path = key + "." + path
		}
		v.Fail(path, "%s", violation.Description)
	}
}

// Address requires text to be host:port; the host may be empty and the port 0.
func (v *Validator) Address(key, text string) {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	v.Require(err == nil, key, "must be HOST:PORT, e.g. 127.0.0.1:8080 or :8080")
}

// URL requires text to be an absolute URL with a host and one of the schemes.
// The text itself is not repeated, for it may hold a password.
func (v *Validator) URL(key, text string, schemes ...string) {
	u, err := url.Parse(text)
	if err == nil && u.Host != "" {
		for _, s := range schemes {
			if u.Scheme == s {
				return
			}
		}
	}
	v.Fail(key, "must be an absolute URL with scheme %s", join(schemes))
}

// Err is nil, or a fault of kind InvalidArgument with every failure in it.
func (v *Validator) Err() error { return fault.Merge(v.faults...) }

func join(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return fmt.Sprintf("%s or %s", join(names[:len(names)-1]), names[len(names)-1])
}
