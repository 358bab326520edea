package binding

import (
	"fmt"
	"strings"
)

// capturedBy lists the fields a path template captures, e.g. "customer.name" of
// "/v1/{customer.name=customers/*}". Each must say what it captures: so they are
// written in the same way as the router writes them.
func capturedBy(template string) (map[string]bool, error) {
	fields := make(map[string]bool)
	for rest := template; ; {
		_, behind, found := strings.Cut(rest, "{")
		if !found {
			return fields, nil
		}
		variable, after, closed := strings.Cut(behind, "}")
		field, _, named := strings.Cut(variable, "=")
		if !closed || !named {
			return nil, fmt.Errorf("path %q: want {field=pattern}", template)
		}
		fields[field] = true
		rest = after
	}
}

// Captured is the path within the body of a field that the URL's path gives, as
// "name" is of {customer.name=customers/*}; false where the body cannot have it.
func (b *Binding) Captured(field string) (inBody string, ok bool) {
	if b.Body == nil {
		return "", false
	}
	if b.BodyField == "" {
		return field, true
	}
	return strings.CutPrefix(field, b.BodyField+".")
}
