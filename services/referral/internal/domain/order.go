package domain

import (
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Order is what profile knows of a referee's order.
type Order struct {
	ID   string
	Time time.Time
	Paid bool
}

// CheckOrder is the fault ORDER_NOT_QUALIFYING, with why, unless the order
// qualifies the referee: paid, and placed between the invitation and the end of
// the attribution window. A nil order is one the referee has not.
func (r *Referral) CheckOrder(order *Order) error {
	var why, description string
	switch {
	case order == nil:
		why, description = "ORDER_UNKNOWN", "must be an order of the referee's that profile knows"
	case !order.Paid:
		why, description = "NOT_PAID", "must be an order that is paid, neither cancelled nor wholly returned"
	case order.Time.Before(r.CreateTime.Truncate(time.Second)): // shops keep times to the second
		why, description = "BEFORE_INVITATION", "must be an order placed after the invitation of "+r.CreateTime.Format(time.RFC3339)
	case !order.Time.Before(r.ExpireTime):
		why, description = "AFTER_WINDOW", "must be an order placed before "+r.ExpireTime.Format(time.RFC3339)+", when the attribution window ends"
	default:
		return nil
	}
	f := fault.Invalid("order_id", "%s", description).With("why", why)
	f.Kind, f.Reason = fault.FailedPrecondition, "ORDER_NOT_QUALIFYING"
	return f
}
