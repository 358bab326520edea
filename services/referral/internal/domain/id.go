// Package domain holds what the referral service is about: programmes, codes,
// the steps of a referral, and a ledger of points. Its checks return faults that
// name fields by their paths in the API.
package domain

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

// RequestKey recognises a repeated call: the caller's key, and a hash of what
// was asked.
type RequestKey struct{ ID, Hash string }

// Repeats reports whether a call with this key is the one that left made, or
// returns the fault REQUEST_ID_REUSED where it asked for something else.
func (k RequestKey) Repeats(made RequestKey) (bool, error) {
	if k.ID == "" || k.ID != made.ID {
		return false, nil
	}
	if k.Hash != made.Hash {
		f := fault.Invalid("request_id", "was used before for another request; choose a new one")
		f.Kind, f.Reason = fault.AlreadyExists, "REQUEST_ID_REUSED"
		return false, f
	}
	return true, nil
}

var programID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// CheckProgramID reports an id that no programme can have.
func CheckProgramID(field, id string) *fault.Fault {
	if !programID.MatchString(id) {
		return fault.Invalid(field, "must be 1 to 63 lower-case letters, digits and hyphens, beginning with a letter")
	}
	return nil
}

// referralID is a ULID.
var referralID = regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)

// CheckReferralID reports an id that no referral can have.
func CheckReferralID(field, id string) *fault.Fault {
	if !referralID.MatchString(id) {
		return fault.Invalid(field, "must end in the id of a referral, 26 letters and digits")
	}
	return nil
}

// checkText reports control characters (in a memo, a goal: other than line
// breaks and tabs) and more characters than limit.
func checkText(field, text string, limit int) *fault.Fault {
	forbidden := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }
	switch {
	case !utf8.ValidString(text):
		return fault.Invalid(field, "must be valid UTF-8")
	case utf8.RuneCountInString(text) > limit:
		return fault.Invalid(field, "must have at most %d characters, has %d", limit, utf8.RuneCountInString(text))
	case strings.ContainsFunc(text, forbidden):
		return fault.Invalid(field, "must hold no control characters")
	}
	return nil
}

// CheckReason reports text that does not say why.
func CheckReason(field, reason string) *fault.Fault {
	if strings.TrimSpace(reason) == "" {
		return fault.Invalid(field, "must say why, e.g. \"order refunded\"")
	}
	return checkText(field, reason, 1024)
}
