package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"github.com/kehuhq/kehu/pkg/misspelt"
)

// leaf is one key that can be set.
type leaf struct {
	key   string // e.g. "grpc.max_receive"
	usage string // of the `usage` tag
	value reflect.Value
}

func (l leaf) flag() string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(l.key)
}

func (l leaf) env(prefix string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(l.key, ".", "__"))
}

// open tells whether keys below l are l's own, as those of a map are.
func (l leaf) open() bool { return l.value.Kind() == reflect.Map }

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// leavesOf lists the keys of the struct that into points to, in field order.
func leavesOf(into any) ([]leaf, error) {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("config: want a pointer to a struct, got %T", into)
	}
	leaves := appendLeaves(nil, "", v.Elem())
	byFlag := make(map[string]string, len(leaves))
	for _, l := range leaves {
		if other, taken := byFlag[l.flag()]; taken {
			return nil, fmt.Errorf("config: %s and %s are both flag --%s", other, l.key, l.flag())
		}
		byFlag[l.flag()] = l.key
	}
	return leaves, nil
}

func appendLeaves(leaves []leaf, prefix string, v reflect.Value) []leaf {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("koanf"), ",")
		nested := field.Type.Kind() == reflect.Struct && !reflect.PointerTo(field.Type).Implements(textUnmarshaler)
		switch {
		case option == "squash" && nested:
			leaves = appendLeaves(leaves, prefix, v.Field(i))
		case name == "" || name == "-" || !field.IsExported():
		case nested:
			leaves = appendLeaves(leaves, prefix+name+".", v.Field(i))
		default:
			leaves = append(leaves, leaf{key: prefix + name, usage: field.Tag.Get("usage"), value: v.Field(i)})
		}
	}
	return leaves
}

// nearest is the candidate with the smallest edit distance to key.
func nearest(key string, candidates []leaf) string {
	best, distance := "", int(^uint(0)>>1)
	for _, c := range candidates {
		if d := misspelt.Distance(key, c.key); d < distance {
			best, distance = c.key, d
		}
	}
	return best
}
