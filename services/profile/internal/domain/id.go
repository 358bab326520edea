package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

// MaxIDLength is the most characters an id of a customer or an order may have.
const MaxIDLength = 128

// CheckID reports an id that cannot name a resource. Ids are the caller's own:
// they are kept byte for byte and never normalised.
func CheckID(field, id string) *fault.Fault {
	if plainID(id) {
		return nil
	}
	switch {
	case id == "":
		return fault.Invalid(field, "must not be empty")
	case !utf8.ValidString(id):
		return fault.Invalid(field, "must be valid UTF-8")
	case utf8.RuneCountInString(id) > MaxIDLength:
		return fault.Invalid(field, "must have at most %d characters, has %d", MaxIDLength, utf8.RuneCountInString(id))
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

// plainID is the short way for the ids most shops use: ASCII letters, digits,
// '-' and '_'.
func plainID(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= MaxIDLength
}
