package rpc

import (
	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// ItemStatus is the outcome of one item of a batch: OK for nil, else what
// Status would tell of err, with the first field at fault.
func ItemStatus(err error) *apiv1.ItemStatus {
	st := Status(err)
	item := &apiv1.ItemStatus{Code: int32(st.Code()), Reason: Reason(st), Message: st.Message()}
	if f, ok := fault.As(err); ok && len(f.Violations) > 0 {
		item.Field = clip(f.Violations[0].Field, maxField)
	}
	return item
}
