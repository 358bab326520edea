package handler

import (
	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
)

// itemStatus tells what became of one item of a batch; f is nil for success.
func itemStatus(f *fault.Fault) *apiv1.ItemStatus {
	if f == nil {
		return rpc.ItemStatus(nil)
	}
	return rpc.ItemStatus(f)
}
