package domain

import "github.com/kehuhq/kehu/pkg/fault"

// Anonymous is the id under which orders are kept of which nobody knows the
// buyer. It is no customer: there is no record of it, and no history.
const Anonymous = "anonymous"

// checkCustomerID reports an id that no customer may have.
func checkCustomerID(field, id string) *fault.Fault {
	if id == Anonymous {
		return refuse("CUSTOMER_ID_RESERVED", field, "must not be %q, under which orders without a known buyer are kept", Anonymous)
	}
	return nil
}
