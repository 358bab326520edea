package domain

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/kehuhq/kehu/pkg/fault"
)

// normalizeEmail brings an address to one form: compatibility characters such
// as full-width letters replaced (NFKC), all in lower case, the domain in ASCII.
// Case matters to no provider in use, so two spellings are one person. What
// stands behind a plus stays: whether it is a label differs by provider.
// Quoted local parts and address literals are not accepted.
func normalizeEmail(field, address string) (string, *fault.Fault) {
	folded := norm.NFKC.String(strings.TrimSpace(address))
	folded = norm.NFKC.String(strings.ToLower(folded))
	local, domain, found := strings.Cut(folded, "@")
	switch {
	case !found || local == "" || domain == "":
		return "", fault.Invalid(field, "must be an e-mail address such as name@example.com")
	case strings.Contains(folded, "**"):
		return "", refuse("EMAIL_MASKED", field, "is masked (it holds **) and identifies nobody")
	case len(local) > 64:
		return "", fault.Invalid(field, "must have at most 64 bytes before the @, has %d", len(local))
	case strings.ContainsFunc(local, notInLocalPart),
		strings.HasPrefix(local, "."), strings.HasSuffix(local, "."), strings.Contains(local, ".."):
		return "", fault.Invalid(field, "holds a character or a dot before the @ where none may be")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || len(ascii) > 253 || !strings.Contains(strings.Trim(ascii, "."), ".") ||
		strings.HasSuffix(ascii, ".") || strings.Contains(ascii, "..") {
		return "", fault.Invalid(field, "must have a domain such as example.com or 例子.公司 behind the @")
	}
	return local + "@" + ascii, nil
}

// notInLocalPart tells what RFC 5322's dot-atom and RFC 6531's extension of it
// to other scripts do not hold.
func notInLocalPart(r rune) bool {
	if r < 0x80 {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`()<>[]:;@\,"`, r)
	}
	return invisible(r) || unicode.IsSpace(r)
}
