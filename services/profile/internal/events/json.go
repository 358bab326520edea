package events

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// appendContent appends a content as JSON, as json.Marshal writes it but for the
// order of the fields. Events come in bulk, and by reflection that takes several
// times as long. The error is json.Marshal's.
func appendContent(b []byte, c *Content) ([]byte, error) {
	b = append(b, '{')
	var err error
	for _, part := range []struct {
		name   string
		fields map[string]any
	}{{`"p":`, c.Properties}, {`"c":`, c.Context}} {
		if len(part.fields) == 0 {
			continue
		}
		b = append(appendComma(b), part.name...)
		if b, err = appendValue(b, part.fields); err != nil {
			return nil, err
		}
	}
	if !c.Details.empty() {
		details, err := json.Marshal(&c.Details)
		if err != nil {
			return nil, err
		}
		b = append(append(appendComma(b), `"d":`...), details...)
	}
	return append(b, '}'), nil
}

// appendComma appends a comma, unless what it would follow has just begun.
func appendComma(b []byte) []byte {
	if last := b[len(b)-1]; last == '{' || last == '[' {
		return b
	}
	return append(b, ',')
}

// appendValue appends a value of JSON as Go holds it. What it does not know
// itself it leaves to json.Marshal.
func appendValue(b []byte, value any) (_ []byte, err error) {
	switch v := value.(type) {
	case map[string]any:
		b = append(b, '{')
		for name, part := range v {
			b = append(appendText(appendComma(b), name), ':')
			if b, err = appendValue(b, part); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	case []any:
		b = append(b, '[')
		for _, part := range v {
			if b, err = appendValue(appendComma(b), part); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case string:
		return appendText(b, v), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case nil:
		return append(b, "null"...), nil
	case float64:
		if size := math.Abs(v); size == 0 || size >= 1e-6 && size < 1e21 { // json.Marshal writes others with an exponent
			return strconv.AppendFloat(b, v, 'f', -1, 64), nil
		}
	}
	text, err := json.Marshal(value)
	return append(b, text...), err
}

// appendText appends a string; one that needs an escape is left to json.Marshal.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return escaped(b, s)
		}
	}
	if !utf8.ValidString(s) {
		return escaped(b, s)
	}
	return append(append(append(b, '"'), s...), '"')
}

func escaped(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // of a string it never fails
	return append(b, text...)
}
