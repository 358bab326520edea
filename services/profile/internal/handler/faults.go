package handler

import (
	"strings"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
)

// within says in which field of the request the record stands that a fault is
// about: "identifiers[0].value" becomes "customer.identifiers[0].value".
func within(field string, err error) error {
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

// itemStatus tells what became of one item of a batch; f is nil for success.
func itemStatus(f *fault.Fault) *apiv1.ItemStatus {
	if f == nil {
		return rpc.ItemStatus(nil)
	}
	return rpc.ItemStatus(f)
}
