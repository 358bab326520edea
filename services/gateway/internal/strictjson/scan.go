package strictjson

import (
	"encoding/json"
	"unicode/utf16"
)

func (c *checker) peek() byte {
	if c.at < len(c.text) {
		return c.text[c.at]
	}
	return 0
}

func (c *checker) space() {
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return
		}
	}
}

// object walks over an object, beginning at its brace. member is called with
// each key where the value begins, and consumes the value.
func (c *checker) object(at *place, member func(key string) error) error {
	return c.nested(at, '}', func(int) error {
		if c.peek() != '"' {
			return c.unexpected(at, "a key in quotes")
		}
		key, err := c.stringValue(at)
		if err != nil {
			return err
		}
		c.space()
		if c.peek() != ':' {
			return c.unexpected(at, `":"`)
		}
		c.at++
		c.space()
		return member(key)
	})
}

// list walks over a list, beginning at its bracket.
func (c *checker) list(at *place, element func(at *place) error) error {
	return c.nested(at, ']', func(i int) error {
		return element(&place{parent: at, index: i})
	})
}

// nested walks over what stands between an opening and a closing character.
func (c *checker) nested(at *place, closing byte, part func(i int) error) error {
	if c.depth++; c.depth > MaxDepth {
		return at.refuse("TOO_DEEP", "must not be nested more than %d deep", MaxDepth)
	}
	c.at++
	c.space()
	for i := 0; i > 0 || c.peek() != closing; i++ {
		if err := part(i); err != nil {
			return err
		}
		c.space()
		if c.peek() == closing {
			break
		}
		if c.peek() != ',' {
			return c.unexpected(at, `"," or "`+string(closing)+`"`)
		}
		c.at++
		c.space()
	}
	c.at++
	c.depth--
	return nil
}

// anything checks a value of whatever type. Errors within it name its place, not
// their own: it has no fields that a caller could know.
func (c *checker) anything(at *place) error {
	switch b := c.peek(); {
	case b == '{':
		keys := make(map[string]bool)
		return c.object(at, func(key string) error {
			if keys[key] {
				return at.refuse("DUPLICATE_FIELD", "has %q twice", key)
			}
			keys[key] = true
			return c.anything(at)
		})
	case b == '[':
		return c.nested(at, ']', func(int) error { return c.anything(at) })
	case b == '"':
		_, err := c.stringValue(at)
		return err
	case b == '-' || isDigit(b):
		_, err := c.number(at)
		return err
	case b == 't':
		return c.literal(at, "true")
	case b == 'f':
		return c.literal(at, "false")
	case b == 'n':
		return c.literal(at, "null")
	default:
		return c.unexpected(at, "a value")
	}
}

func (c *checker) literal(at *place, word string) error {
	if c.at+len(word) > len(c.text) || string(c.text[c.at:c.at+len(word)]) != word {
		return c.unexpected(at, word)
	}
	c.at += len(word)
	return nil
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// number consumes a number as JSON writes it.
func (c *checker) number(at *place) (string, error) {
	begin := c.at
	digits := func() bool {
		from := c.at
		for isDigit(c.peek()) {
			c.at++
		}
		return c.at > from
	}
	if c.peek() == '-' {
		c.at++
	}
	if c.peek() == '0' {
		c.at++
	} else if !digits() {
		return "", c.unexpected(at, "a digit")
	}
	if c.peek() == '.' {
		c.at++
		if !digits() {
			return "", c.unexpected(at, "a digit")
		}
	}
	if b := c.peek(); b == 'e' || b == 'E' {
		c.at++
		if b := c.peek(); b == '+' || b == '-' {
			c.at++
		}
		if !digits() {
			return "", c.unexpected(at, "a digit")
		}
	}
	switch b := c.peek(); b {
	case 0, ' ', '\t', '\r', '\n', ',', ']', '}':
		return string(c.text[begin:c.at]), nil
	}
	return "", c.unexpected(at, "the end of the number")
}

// stringValue consumes a string, beginning at its quote, and returns its text.
func (c *checker) stringValue(at *place) (string, error) {
	begin, escaped := c.at, false
	for c.at++; ; c.at++ {
		switch b := c.peek(); {
		case b == '"':
			c.at++
			if !escaped {
				return string(c.text[begin+1 : c.at-1]), nil
			}
			var text string
			if err := json.Unmarshal(c.text[begin:c.at], &text); err != nil {
				return "", c.broken(at, "a string with a wrong escape")
			}
			return text, nil
		case c.at >= len(c.text):
			return "", c.unexpected(at, "the end of a string")
		case b < ' ':
			return "", c.unexpected(at, "an escape: control characters must be escaped")
		case b == '\\':
			escaped = true
			if err := c.escape(at); err != nil {
				return "", err
			}
		}
	}
}

// escape stops at the last byte of an escape, or of a surrogate pair of them.
func (c *checker) escape(at *place) error {
	c.at++
	switch c.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return c.unexpected(at, "an escape")
	}
	unit, ok := c.codeUnit()
	switch {
	case !ok:
		return c.unexpected(at, "four hexadecimal digits")
	case unit == 0:
		return at.refuse("INVALID_FIELD", "must not contain the character U+0000")
	case !utf16.IsSurrogate(unit):
		return nil
	}
	if c.at+2 < len(c.text) && c.text[c.at+1] == '\\' && c.text[c.at+2] == 'u' {
		c.at += 2
		if low, ok := c.codeUnit(); ok && utf16.DecodeRune(unit, low) != '\uFFFD' {
			return nil
		}
	}
	return at.refuse("NOT_UTF8", "must not contain half of a surrogate pair")
}

// codeUnit reads the four digits behind the u of an escape and stops at the last.
func (c *checker) codeUnit() (rune, bool) {
	var unit rune
	for range 4 {
		c.at++
		switch b := c.peek(); {
		case isDigit(b):
			unit = unit<<4 | rune(b-'0')
		case b >= 'a' && b <= 'f':
			unit = unit<<4 | rune(b-'a'+10)
		case b >= 'A' && b <= 'F':
			unit = unit<<4 | rune(b-'A'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}
