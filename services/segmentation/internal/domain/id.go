package domain

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

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

// maxCustomerID is the most characters a customer's id has.
const maxCustomerID = 128

// CheckCustomerID reports an id that no customer can have.
func CheckCustomerID(field, id string) *fault.Fault {
	switch {
	case id == "":
		return fault.Invalid(field, "must not be empty")
	case !utf8.ValidString(id):
		return fault.Invalid(field, "must be valid UTF-8")
	case utf8.RuneCountInString(id) > maxCustomerID:
		return fault.Invalid(field, "must have at most %d characters, has %d", maxCustomerID, utf8.RuneCountInString(id))
	case strings.ContainsAny(id, "/%"):
		return fault.Invalid(field, "must hold none of / and %%")
	case strings.ContainsFunc(id, unicode.IsControl):
		return fault.Invalid(field, "must hold no control characters")
	case strings.Trim(id, ".") == "":
		return fault.Invalid(field, "must not consist of dots alone")
	case strings.TrimSpace(id) != id:
		return fault.Invalid(field, "must not begin or end with a space")
	}
	return nil
}
