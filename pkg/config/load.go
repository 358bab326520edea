package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Load fills the struct that into points to, which already holds the defaults:
// flags that were given over environment over file. flags may be nil and path
// empty. Where into has a Validate() error, it is called last.
//
// The error is a fault of kind InvalidArgument with one violation per thing
// that is wrong: unknown keys of the file (with the nearest right key), values
// that do not parse, and what Validate found. Flags that are no key of into
// are left alone, and so are unknown environment variables: orchestrators set
// some that begin with a service's name.
func Load(flags *pflag.FlagSet, path, envPrefix string, into any) error {
	leaves, err := leavesOf(into)
	if err != nil {
		return err
	}
	given := koanf.New(".")
	var check Validator
	if path != "" {
		if err := given.Load(file.Provider(path), yaml.Parser()); err != nil {
			return fileFault(path, err)
		}
		checkKeys(&check, path, given, leaves)
	}
	for _, l := range leaves {
		value, origin, set := valueOf(l, flags, path, envPrefix, given)
		if !set {
			continue
		}
		if err := decode(value, l.value); err != nil {
			check.Fail(l.key, "%s: %v", origin, err)
		}
	}
	if v, ok := into.(interface{ Validate() error }); ok {
		check.Nested("", v.Validate())
	}
	return check.Err()
}

func fileFault(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Invalid("config", "%s does not exist", path).Because(err)
	}
	return fault.Invalid("config", "%s cannot be read: %v", path, err)
}

// valueOf finds the strongest value given for l, and says where it came from.
func valueOf(l leaf, flags *pflag.FlagSet, path, envPrefix string, given *koanf.Koanf) (value any, origin string, set bool) {
	if flags != nil {
		if f := flags.Lookup(l.flag()); f != nil && f.Changed {
			if list, ok := f.Value.(pflag.SliceValue); ok {
				return list.GetSlice(), "--" + f.Name, true
			}
			return f.Value.String(), "--" + f.Name, true
		}
	}
	if text, ok := os.LookupEnv(l.env(envPrefix)); ok {
		return text, l.env(envPrefix), true
	}
	if given.Exists(l.key) {
		return given.Get(l.key), path, true
	}
	return nil, "", false
}

func checkKeys(check *Validator, path string, given *koanf.Koanf, leaves []leaf) {
	known := make(map[string]bool, len(leaves))
	for _, l := range leaves {
		known[l.key] = true
	}
	for _, key := range given.Keys() {
		if known[key] || belongsToMap(key, leaves) || emptySection(key, given, leaves) {
			continue
		}
		check.Fail(key, "%s: no such setting; the nearest is %q", path, nearest(key, leaves))
	}
}

func belongsToMap(key string, leaves []leaf) bool {
	for _, l := range leaves {
		if l.open() && strings.HasPrefix(key, l.key+".") {
			return true
		}
	}
	return false
}

// emptySection is a section whose every line is commented out, as `grpc:`.
func emptySection(key string, given *koanf.Koanf, leaves []leaf) bool {
	switch value := given.Get(key).(type) {
	case nil:
	case map[string]any:
		if len(value) > 0 {
			return false
		}
	default:
		return false
	}
	for _, l := range leaves {
		if strings.HasPrefix(l.key, key+".") {
			return true
		}
	}
	return false
}

// Flags declares one flag per key of the struct that into points to, with the
// field's `usage` tag and its present value as the default shown. Load reads
// those that were given.
func Flags(flags *pflag.FlagSet, into any) error {
	leaves, err := leavesOf(into)
	if err != nil {
		return err
	}
	for _, l := range leaves {
		if flags.Lookup(l.flag()) == nil {
			flags.String(l.flag(), text(l.value), l.usage)
		}
	}
	return nil
}

// text is the value as a flag would be given it.
func text(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case []string:
		return strings.Join(value, ",")
	case map[string]string:
		pairs := make([]string, 0, len(value))
		for _, name := range slices.Sorted(maps.Keys(value)) {
			pairs = append(pairs, name+"="+value[name])
		}
		return strings.Join(pairs, ",")
	default:
		return fmt.Sprint(value)
	}
}
