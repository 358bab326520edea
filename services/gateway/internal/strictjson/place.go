package strictjson

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// place is where in the request a value stands. Its text is made only for errors.
type place struct {
	parent *place
	field  string
	index  int // of an element of the parent, where field is empty
}

// String is the path as the services' own errors have it, e.g.
// "customer.identifiers[2].type".
func (p *place) String() string {
	var path strings.Builder
	p.write(&path)
	return path.String()
}

func (p *place) write(path *strings.Builder) {
	if p.parent == nil {
		path.WriteString(p.field)
		return
	}
	p.parent.write(path)
	if p.field == "" {
		fmt.Fprintf(path, "[%d]", p.index)
		return
	}
	if path.Len() > 0 {
		path.WriteByte('.')
	}
	path.WriteString(p.field)
}

// refuse is the fault of the value at p.
func (p *place) refuse(reason, format string, args ...any) error {
	path := p.String()
	if path == "" {
		path = "body"
	}
	f := fault.Invalid(path, format, args...)
	f.Reason = reason
	return f
}

// broken is the fault of a text that is no JSON, at the next byte.
func (c *checker) broken(at *place, what string) error {
	before := c.text[:min(c.at, len(c.text))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	return at.refuse("MALFORMED_JSON", "is no valid JSON: %s at line %d, column %d", what, line, column)
}

// unexpected is the fault of the next byte being another than it may be.
func (c *checker) unexpected(at *place, wanted string) error {
	if c.at >= len(c.text) {
		return c.broken(at, "it ends where there should be "+wanted)
	}
	return c.broken(at, strconv.QuoteToASCII(string(c.text[c.at:c.at+1]))+" instead of "+wanted)
}

// mismatch is the fault of a value of another type than the field's, or of no
// value at all.
func (c *checker) mismatch(at *place, format string, args ...any) error {
	if err := c.anything(at); err != nil {
		return err
	}
	return at.refuse("INVALID_FIELD", format, args...)
}
