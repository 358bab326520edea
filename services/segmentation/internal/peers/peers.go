// Package peers reads from the other services what is known of customers: profile
// says who they are and what they ordered, valuation what that is worth, feedback
// what they answered, referral whom they brought.
package peers

import (
	"errors"
	"time"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
)

// Edition is a refresh of the valuations. The zero Edition is none.
type Edition struct {
	Generation int64
	AsOf       time.Time
}

// ErrSuperseded says that an edition cannot be read any more, because there is a
// later one since long.
var ErrSuperseded = errors.New("the valuations have been superseded meanwhile")

// purpose is what customers are read for.
const purpose = "purposes/segmentation"

// behind is the range of all customers behind one.
func behind(customer string) *apiv1.CustomerRange {
	if customer == "" {
		return nil
	}
	return &apiv1.CustomerRange{From: customer + `"`} // the lowest character in the order of ids
}
