package domain

import (
	"regexp"

	"github.com/kehuhq/kehu/pkg/fault"
)

var segmentID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// CheckSegmentID reports an id that no segment can have.
func CheckSegmentID(field, id string) *fault.Fault {
	if !segmentID.MatchString(id) {
		return fault.Invalid(field, "must be 1 to 63 lower-case letters, digits and '-', beginning with a letter")
	}
	return nil
}
