package handler

import (
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// recordFields are those that the domain names as if the segment were all there is.
var recordFields = []string{"definition", "rule", "rfm", "list", "partition", "etag"}

// within says in which field of the request the segment stands that a fault is
// about: "rule.expression" becomes "segment.rule.expression".
func within(field string, err error) error {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) == 0 {
		return err
	}
	moved := *f
	moved.Violations = slices.Clone(f.Violations)
	for i, v := range f.Violations {
		top, _, _ := strings.Cut(v.Field, ".")
		if !slices.Contains(recordFields, top) {
			continue
		}
		moved.Violations[i].Field = field + "." + v.Field
		moved.Message = strings.Replace(moved.Message, v.Field+": ", field+"."+v.Field+": ", 1)
	}
	return &moved
}
