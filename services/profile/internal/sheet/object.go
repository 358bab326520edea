package sheet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Object is a JSON object, its members in the order in which they stand.
type Object []Member

// Member is a member of an object. Its value is a string, a json.Number, a bool, nil,
// an Object or a []any of these.
type Member struct {
	Name  string
	Value any
}

// maxDepth is how deep objects and lists may be nested in a line.
const maxDepth = 64

// parseObject reads a line that must be one object.
func parseObject(line string) (Object, *fault.Fault) {
	value, f := ParseValue(line)
	if f != nil {
		return nil, f
	}
	object, ok := value.(Object)
	if !ok {
		return nil, malformed("the line must be one JSON object, {…}")
	}
	return object, nil
}

// ParseValue reads a text that must be one value of JSON, with the types of a Member.
func ParseValue(line string) (any, *fault.Fault) {
	var whole json.RawMessage
	if err := json.Unmarshal([]byte(line), &whole); err != nil {
		var at *json.SyntaxError
		if errors.As(err, &at) {
			return nil, malformed("the line is no JSON: at byte %d: %s", at.Offset, at.Error())
		}
		return nil, malformed("the line is no JSON: %s", err)
	}
	p := &objectParser{decoder: json.NewDecoder(strings.NewReader(line))}
	p.decoder.UseNumber()
	value, f := p.value(0)
	if f != nil {
		return nil, f
	}
	return value, withoutSurrogates(line, p.replaced)
}

func malformed(format string, args ...any) *fault.Fault {
	return fault.New(fault.InvalidArgument, "JSON_MALFORMED", format, args...)
}

// objectParser reads a text that is known to be JSON.
type objectParser struct {
	decoder  *json.Decoder
	replaced bool // a string holds the character that replaces what is none
}

func (p *objectParser) value(depth int) (any, *fault.Fault) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, malformed("the line is no JSON: %s", errors.Join(err, io.ErrUnexpectedEOF))
	}
	if depth > maxDepth {
		return nil, malformed("the line is nested more than %d deep", maxDepth)
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return p.object(depth)
		}
		return p.list(depth)
	case string:
		p.replaced = p.replaced || strings.ContainsRune(token, utf8.RuneError)
	}
	return token, nil
}

func (p *objectParser) object(depth int) (Object, *fault.Fault) {
	object := Object{}
	seen := make(map[string]struct{})
	for p.decoder.More() {
		name, f := p.value(depth + 1)
		if f != nil {
			return nil, f
		}
		value, f := p.value(depth + 1)
		if f != nil {
			return nil, f
		}
		text, _ := name.(string) // as the name of a member is
		if _, twice := seen[text]; twice {
			return nil, twiceInObject(text)
		}
		seen[text] = struct{}{}
		object = append(object, Member{text, value})
	}
	_, _ = p.decoder.Token() // its end, which is there
	return object, nil
}

func twiceInObject(name string) *fault.Fault {
	return fault.New(fault.InvalidArgument, "JSON_KEY_TWICE", "the line has %.60q twice", name)
}

func (p *objectParser) list(depth int) ([]any, *fault.Fault) {
	list := []any{}
	for p.decoder.More() {
		value, f := p.value(depth + 1)
		if f != nil {
			return nil, f
		}
		list = append(list, value)
	}
	_, _ = p.decoder.Token() // its end, which is there
	return list, nil
}

// MarshalJSON writes the members in their order.
func (o Object) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	to.SetEscapeHTML(false)
	for i, m := range o {
		text.WriteByte("{,"[min(i, 1)])
		if err := to.Encode(m.Name); err != nil {
			return nil, err
		}
		text.WriteByte(':')
		if err := to.Encode(m.Value); err != nil {
			return nil, err
		}
	}
	if len(o) == 0 {
		text.WriteByte('{')
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// Text is a value as it stands in a field: a string or a number as it is written,
// nothing for null, and JSON for an object or a list.
func Text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	to.SetEscapeHTML(false)
	if to.Encode(value) != nil {
		return "" // of values that were read from JSON
	}
	return strings.TrimSuffix(text.String(), "\n")
}
