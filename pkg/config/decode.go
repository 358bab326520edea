package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
)

// decode parses value into the field, leaving the field as it was on error.
func decode(value any, field reflect.Value) error {
	if value == nil {
		return nil // a key without a value keeps the default
	}
	fresh := reflect.New(field.Type())
	if isNumber(field.Type()) {
		if err := parseNumber(strings.TrimSpace(fmt.Sprint(value)), fresh.Elem()); err != nil {
			return err
		}
		field.Set(fresh.Elem())
		return nil
	}
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result:           fresh.Interface(),
		TagName:          "koanf",
		ErrorUnused:      true,
		WeaklyTypedInput: true, // a YAML number may be meant as text
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			trimText, duration, mapstructure.TextUnmarshallerHookFunc(), commaList, commaMap,
		),
	})
	if err != nil {
		return err
	}
	if err := decoder.Decode(value); err != nil {
		lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
		return fmt.Errorf("%s", strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "'' "))
	}
	field.Set(fresh.Elem())
	return nil
}

func isNumber(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Duration]() || reflect.PointerTo(t).Implements(textUnmarshaler) {
		return false
	}
	return t.Kind() >= reflect.Bool && t.Kind() <= reflect.Float64
}

// parseNumber refuses what does not fit, where the decoder would wrap around.
func parseNumber(text string, into reflect.Value) error {
	switch bits := into.Type().Bits; {
	case into.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("must be true or false")
		}
		into.SetBool(b)
	case into.CanInt():
		n, err := strconv.ParseInt(text, 10, bits())
		if err != nil {
			return fmt.Errorf("must be a whole number that fits %s", into.Type())
		}
		into.SetInt(n)
	case into.CanUint():
		n, err := strconv.ParseUint(text, 10, bits())
		if err != nil {
			return fmt.Errorf("must be a whole number, 0 or more, that fits %s", into.Type())
		}
		into.SetUint(n)
	default:
		x, err := strconv.ParseFloat(text, bits())
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("must be a number")
		}
		into.SetFloat(x)
	}
	return nil
}

func trimText(from, _ reflect.Type, value any) (any, error) {
	if from.Kind() == reflect.String {
		return strings.TrimSpace(reflect.ValueOf(value).String()), nil
	}
	return value, nil
}

// duration insists on a unit: a bare number would silently be nanoseconds.
func duration(_, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() {
		return value, nil
	}
	if text, ok := value.(string); ok {
		if d, err := time.ParseDuration(text); err == nil {
			return d, nil
		}
	}
	return nil, fmt.Errorf("must be a duration with its unit, e.g. 300ms, 5s or 1h30m")
}

func commaList(from, to reflect.Type, value any) (any, error) {
	if from.Kind() != reflect.String || to.Kind() != reflect.Slice {
		return value, nil
	}
	list := []string{}
	for part := range strings.SplitSeq(reflect.ValueOf(value).String(), ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list, nil
}

func commaMap(from, to reflect.Type, value any) (any, error) {
	if from.Kind() != reflect.String || to.Kind() != reflect.Map {
		return value, nil
	}
	pairs := map[string]string{}
	for part := range strings.SplitSeq(reflect.ValueOf(value).String(), ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, text, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("must be name=value pairs joined by commas")
		}
		pairs[strings.TrimSpace(name)] = strings.TrimSpace(text)
	}
	return pairs, nil
}
