// Package aip holds what the servers of the services share of the API's rules
// (Google's AIPs): resource names, pages, update masks, keys of requests, dates.
// Its faults name the field of the request that is wrong.
package aip

import (
	"strings"

	"go.einride.tech/aip/resourcename"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// Name is the resource name that a pattern makes of ids.
func Name(pattern string, ids ...string) string { return resourcename.Sprint(pattern, ids...) }

// ParseName reads the ids of a name that stands in a field.
func ParseName(field, name, pattern string, ids ...*string) error {
	// The scanner would take "/customers/x" and full names too.
	prefix, _, _ := strings.Cut(pattern, "{")
	if !strings.HasPrefix(name, prefix) || resourcename.Sscan(name, pattern, ids...) != nil {
		return fault.Invalid(field, "must have the form %s", pattern)
	}
	for _, id := range ids {
		if f := ident.Check(field, *id); f != nil {
			return f
		}
	}
	return nil
}

// ParseID is ParseName of a pattern with one id, which it returns.
func ParseID(field, name, pattern string) (id string, err error) {
	err = ParseName(field, name, pattern, &id)
	return id, err
}

// Within says in which field of the request the record stands that a fault is
// about: "due_time" becomes "care_task.due_time".
func Within(field string, err error) error {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) == 0 {
		return err
	}
	moved := *f
	moved.Violations = make([]fault.Violation, len(f.Violations))
	for i, v := range f.Violations {
		path := field + "." + v.Field
		moved.Message = strings.Replace(moved.Message, v.Field+": ", path+": ", 1)
		moved.Violations[i] = fault.Violation{Field: path, Description: v.Description}
	}
	return &moved
}
