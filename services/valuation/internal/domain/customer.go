package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

// MaxIDLength is the most characters a customer's id may have.
const MaxIDLength = 128

// CheckCustomerID reports an id that no customer can have. field is its path in
// the API.
func CheckCustomerID(field, id string) *fault.Fault {
	switch {
	case id == "":
		return fault.Invalid(field, "must name a customer")
	case !utf8.ValidString(id):
		return fault.Invalid(field, "must be valid UTF-8")
	case utf8.RuneCountInString(id) > MaxIDLength:
		return fault.Invalid(field, "customer id must have at most %d characters, has %d", MaxIDLength, utf8.RuneCountInString(id))
	case strings.ContainsAny(id, "/%"):
		return fault.Invalid(field, "customer id must hold none of / and %%")
	case strings.ContainsFunc(id, unicode.IsControl):
		return fault.Invalid(field, "customer id must hold no control characters")
	case strings.Trim(id, ".") == "":
		return fault.Invalid(field, "customer id must not consist of dots alone")
	case strings.TrimSpace(id) != id:
		return fault.Invalid(field, "customer id must not begin or end with a space")
	}
	return nil
}
