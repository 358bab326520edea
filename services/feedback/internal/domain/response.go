package domain

import (
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// Response is one customer's answer to a survey. It never changes.
type Response struct {
	Survey, ID string
	Customer   string
	Score      int // 0 to 10
	Comment    string
	Channel    string
	// Time is when the customer answered, in whole milliseconds of UTC. It is
	// zero in an answer that comes in without: the time of arrival counts.
	Time      time.Time
	CreatedAt time.Time // when it was recorded
	// Request is the caller's key for an answer whose id was made from it.
	Request string
}

// earliestAnswer is the first answer time accepted: an instant of 0 is a missing
// date that someone's software wrote as 1970-01-01 in some zone.
var earliestAnswer = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)

// Normalize brings the answer's time to whole milliseconds of UTC and reports
// everything that is wrong with the answer by itself.
func (r *Response) Normalize(now time.Time) error {
	var all faults
	all.add(CheckResponseID("name", r.ID))
	all.add(ident.Check("customer_id", r.Customer))
	if r.Score < 0 || r.Score > 10 {
		all.add(fault.Invalid("score", "must be 0 to 10, is %d", r.Score))
	}
	all.add(checkProse("comment", r.Comment, 4096))
	all.add(checkLine("channel", r.Channel, 64))
	if !r.Time.IsZero() {
		r.Time = r.Time.UTC().Truncate(time.Millisecond)
		// A day's grace: clocks differ, and a date begins in the east before it does in UTC.
		if r.Time.Before(earliestAnswer) || r.Time.After(now.AddDate(0, 0, 1)) {
			all.add(fault.Invalid("response_time", "must be between %s and a day from now, is %s",
				earliestAnswer.Format(time.RFC3339), r.Time.Format(time.RFC3339)))
		}
	}
	return all.merged()
}

// Repeats is nil where the answer that comes in is the stored one again, or else
// the fault RESPONSE_ID_REUSED or REQUEST_ID_REUSED. A time that is not given is
// that of the first arrival.
func (r *Response) Repeats(stored *Response) error {
	switch {
	case r.Customer == stored.Customer && r.Score == stored.Score && r.Comment == stored.Comment &&
		r.Channel == stored.Channel && (r.Time.IsZero() || r.Time.Equal(stored.Time)):
		return nil
	case r.Request != "":
		return requestIDReused()
	}
	return refuse(fault.AlreadyExists, "RESPONSE_ID_REUSED", "name", "was used for another answer, which stays; choose a new id")
}

// CustomerUnknown is the fault for an answer of somebody profile does not know.
func (r *Response) CustomerUnknown() error {
	return refuse(fault.FailedPrecondition, "CUSTOMER_UNKNOWN", "customer_id", "must be a customer that profile knows; %q is none", r.Customer)
}

// DuplicateInRequest is the fault for the second answer of a batch with the same name.
func DuplicateInRequest(first int) error {
	return refuse(fault.InvalidArgument, "DUPLICATE_IN_REQUEST", "name", "is the same as that of item %d of the request", first)
}

func requestIDReused() error {
	return refuse(fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id", "was used before for another request; choose a new one")
}
