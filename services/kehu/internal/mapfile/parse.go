package mapfile

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// entry is one key of a YAML mapping and its value.
type entry struct {
	key   string
	line  int
	value *yaml.Node
}

// Parse reads a mapping. It is strict: a key that is not known or stands twice is
// a fault, since a mistyped one would silently change what is read.
func Parse(text []byte) (*profilev1.OrderMapping, error) {
	entries, err := document(text)
	if err != nil {
		return nil, err
	}
	mapping := &profilev1.OrderMapping{Version: version}
	for _, e := range entries {
		if err := read(mapping, e); err != nil {
			return nil, err
		}
	}
	for _, required := range []protoreflect.Name{"order_id", "amount"} {
		columns := mapping.GetColumns().ProtoReflect()
		if !columns.Has(columns.Descriptor().Fields().ByName(required)) {
			return nil, wrong(0, "columns.%s is missing: name the column that holds it", required)
		}
	}
	return mapping, nil
}

// document are the entries of a file of a version that is known.
func document(text []byte) ([]entry, error) {
	if len(text) > maxBytes {
		return nil, wrong(0, "a mapping takes %d KiB at most", maxBytes>>10)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var root yaml.Node
	if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
		return nil, wrong(0, "is empty; kehu analyze --save-map writes one to begin with")
	} else if err != nil {
		return nil, syntax(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, wrong(0, "holds more than one document")
	}
	entries, err := entriesOf(root.Content[0], "the file")
	if err != nil {
		return nil, err
	}
	return entries, checkVersion(entries)
}

// checkVersion looks at the version before all else, as a later one may mean
// other things by the same keys.
func checkVersion(entries []entry) error {
	for _, e := range entries {
		if e.key == keyVersion {
			if e.value.Value != "1" {
				return wrong(e.line, "version %s is not known; this kehu reads version %d", e.value.Value, version)
			}
			return nil
		}
	}
	return wrong(0, "version is missing: begin with \"version: %d\"", version)
}

func read(mapping *profilev1.OrderMapping, e entry) (err error) {
	switch e.key {
	case keyVersion:
	case keyName:
		mapping.Name, err = scalar(e)
	case keyColumns:
		mapping.Columns, err = columns(e)
	case keyRows:
		mapping.Rows, err = oneOf(e, rows)
	case keyAmount:
		mapping.Amount, err = oneOf(e, amounts)
	case keyStatuses:
		mapping.Statuses, err = words(e)
	case keyZone:
		mapping.TimeZone, err = zone(e)
	case keyCurrency:
		mapping.CurrencyCode, err = currency(e)
	default:
		err = wrong(e.line, "%q is not known; known are %s", e.key, strings.Join([]string{
			keyVersion, keyName, keyColumns, keyRows, keyAmount, keyStatuses, keyZone, keyCurrency}, ", "))
	}
	return err
}

func columns(e entry) (*profilev1.OrderColumns, error) {
	entries, err := entriesOf(e.value, e.key)
	if err != nil {
		return nil, err
	}
	columns := new(profilev1.OrderColumns)
	message := columns.ProtoReflect()
	fields := message.Descriptor().Fields()
	for _, c := range entries {
		field := fields.ByName(protoreflect.Name(c.key))
		if field == nil {
			return nil, wrong(c.line, "columns: %q is no field of an order; known are %s", c.key, strings.Join(fieldNames(fields), ", "))
		}
		titles, err := titles(c)
		if err != nil {
			return nil, err
		}
		list := message.Mutable(field).List()
		for _, title := range titles {
			list.Append(protoreflect.ValueOfString(title))
		}
	}
	return columns, nil
}

func fieldNames(fields protoreflect.FieldDescriptors) []string {
	names := make([]string, fields.Len())
	for i := range names {
		names[i] = string(fields.Get(i).Name())
	}
	return names
}

// titles are one title or a list of them.
func titles(e entry) ([]string, error) {
	if e.value.Kind != yaml.SequenceNode {
		title, err := scalar(e)
		return []string{title}, err
	}
	if len(e.value.Content) == 0 {
		return nil, wrong(e.line, "%s: the list is empty; leave the field out where no column holds it", e.key)
	}
	var all []string
	for _, node := range e.value.Content {
		title, err := scalar(entry{e.key, node.Line, node})
		if err != nil {
			return nil, err
		}
		all = append(all, title)
	}
	return all, nil
}

func words(e entry) (map[string]profilev1.OrderStatus, error) {
	entries, err := entriesOf(e.value, e.key)
	if err != nil {
		return nil, err
	}
	words := make(map[string]profilev1.OrderStatus, len(entries))
	for _, w := range entries {
		if words[w.key], err = oneOf(w, statuses); err != nil {
			return nil, err
		}
	}
	return words, nil
}

func zone(e entry) (string, error) {
	name, err := scalar(e)
	if err != nil {
		return "", err
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return "", wrong(e.line, "%s: %q is no IANA time zone, e.g. Asia/Shanghai", e.key, name)
	}
	return name, nil
}

func currency(e entry) (string, error) {
	code, err := scalar(e)
	if err != nil {
		return "", err
	}
	if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", wrong(e.line, "%s: %q is no ISO 4217 code, e.g. CNY", e.key, code)
	}
	return code, nil
}

func oneOf[E any](e entry, known map[string]E) (E, error) {
	word, err := scalar(e)
	if err != nil {
		return *new(E), err
	}
	value, ok := known[word]
	if !ok {
		return value, wrong(e.line, "%s: must be one of %s, is %q", e.key, strings.Join(slices.Sorted(maps.Keys(known)), ", "), word)
	}
	return value, nil
}

// scalar is a value as it is written, so that a title 2024 or a word no is text.
func scalar(e entry) (string, error) {
	switch {
	case e.value.Kind != yaml.ScalarNode:
		return "", wrong(e.line, "%s: must be text", e.key)
	case e.value.Value == "" || e.value.Tag == "!!null":
		return "", wrong(e.line, "%s: is empty; leave it out instead", e.key)
	case e.value.Tag == "!!binary":
		return "", wrong(e.line, "%s: must be text", e.key)
	}
	return e.value.Value, nil
}

func entriesOf(node *yaml.Node, what string) ([]entry, error) {
	if node.Kind != yaml.MappingNode {
		return nil, wrong(node.Line, "%s: must be keys with values, \"key: value\" on each line", what)
	}
	var entries []entry
	first := make(map[string]int, len(node.Content)/2)
	for i := 0; i < len(node.Content); i += 2 {
		e := entry{node.Content[i].Value, node.Content[i].Line, node.Content[i+1]}
		if _, err := scalar(entry{what, e.line, node.Content[i]}); err != nil {
			return nil, wrong(e.line, "%s: a key must be text", what)
		}
		if at, twice := first[e.key]; twice {
			return nil, wrong(e.line, "%q stands twice, first on line %d", e.key, at)
		}
		first[e.key] = e.line
		entries = append(entries, e)
	}
	return entries, nil
}
