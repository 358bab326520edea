package handler

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kehuhq/kehu/pkg/fault"
)

// instant reads a timestamp, which must be set and between the years 1 and 9999.
func instant(field string, t *timestamppb.Timestamp) (time.Time, *fault.Fault) {
	if t == nil {
		return time.Time{}, fault.Invalid(field, "must be set")
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, fault.Invalid(field, "must be an instant between the years 1 and 9999")
	}
	return t.AsTime(), nil
}
