package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/kehuhq/kehu/pkg/fault"
)

// IdentifierType is what kind of identifier it is.
type IdentifierType string

// The types.
const (
	Email      IdentifierType = "email"
	Phone      IdentifierType = "phone"
	ExternalID IdentifierType = "external_id"
)

// Identifier is something that identifies one customer and no other.
type Identifier struct {
	Type      IdentifierType
	Value     string
	Namespace string // of an external id: the platform and shop that gave it out
}

const (
	maxValueBytes     = 320
	maxNamespaceBytes = 128
)

// Normalize returns the identifier in the form in which it is compared and
// kept. field is its path, "identifiers[0]" or empty for a look-up, where the
// value's own field is named after the type.
func (i Identifier) Normalize(field string) (Identifier, *fault.Fault) {
	value, namespace := field+".value", field+".namespace"
	if field == "" {
		value, namespace = string(i.Type), "namespace"
	}
	if i.Type != ExternalID && i.Namespace != "" {
		return Identifier{}, fault.Invalid(namespace, "must be empty for an identifier of type %s", i.Type)
	}
	if len(i.Value) > maxValueBytes {
		return Identifier{}, fault.Invalid(value, "must have at most %d bytes, has %d", maxValueBytes, len(i.Value))
	}
	if !utf8.ValidString(i.Value) {
		return Identifier{}, fault.Invalid(value, "must be valid UTF-8")
	}
	var f *fault.Fault
	switch i.Type {
	case Email:
		i.Value, f = normalizeEmail(value, i.Value)
	case Phone:
		i.Value, f = normalizePhone(value, i.Value)
	case ExternalID:
		i.Value, f = normalizeExternal(value, i.Value)
		if f == nil {
			i.Namespace, f = normalizeNamespace(namespace, i.Namespace)
		}
	default:
		f = fault.Invalid(strings.TrimPrefix(field+".type", "."), "must be email, phone or external_id")
	}
	if f != nil {
		return Identifier{}, f
	}
	return i, nil
}

// normalizeExternal brings an id of another system to NFC without spaces around
// it. Upper and lower case stay: systems differ in whether they tell them apart.
func normalizeExternal(field, value string) (string, *fault.Fault) {
	value = norm.NFC.String(strings.TrimSpace(value))
	switch {
	case value == "":
		return "", fault.Invalid(field, "must not be empty")
	case strings.ContainsFunc(value, invisible):
		return "", fault.Invalid(field, "must hold no control or invisible characters")
	case strings.Contains(value, "**"):
		return "", refuse("EXTERNAL_ID_MASKED", field, "is masked (it holds **) and identifies nobody")
	}
	return value, nil
}

func normalizeNamespace(field, namespace string) (string, *fault.Fault) {
	switch {
	case len(namespace) > maxNamespaceBytes:
		return "", fault.Invalid(field, "must have at most %d bytes, has %d", maxNamespaceBytes, len(namespace))
	case !utf8.ValidString(namespace):
		return "", fault.Invalid(field, "must be valid UTF-8")
	case strings.ContainsFunc(namespace, invisible):
		return "", fault.Invalid(field, "must hold no control or invisible characters")
	}
	return norm.NFC.String(strings.TrimSpace(namespace)), nil
}

// invisible characters make two identifiers look alike that differ: controls,
// and formats such as the marks that turn the direction of writing.
func invisible(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

func contains(identifiers []Identifier, one Identifier) bool {
	for _, i := range identifiers {
		if i == one {
			return true
		}
	}
	return false
}
