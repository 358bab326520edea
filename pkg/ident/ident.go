// Package ident holds the rule for ids that users bring along: of customers and
// of orders. Every service that takes one asks here, so that none refuses what
// another has accepted.
package ident

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

// MaxLength is the most characters such an id may have.
const MaxLength = 128

// Check reports an id that cannot name a resource. Ids are the caller's own:
// they are kept byte for byte and never normalised.
func Check(field, id string) *fault.Fault {
	if plain(id) {
		return nil
	}
	switch {
	case id == "":
		return fault.Invalid(field, "must not be empty")
	case !utf8.ValidString(id):
		return fault.Invalid(field, "must be valid UTF-8")
	case utf8.RuneCountInString(id) > MaxLength:
		return fault.Invalid(field, "must have at most %d characters, has %d", MaxLength, utf8.RuneCountInString(id))
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

// plain is the short way for the ids most shops use: ASCII letters, digits,
// '-' and '_'.
func plain(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= MaxLength
}
