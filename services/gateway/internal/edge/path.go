package edge

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

// checkPath refuses paths that mean different things to different readers: an
// escaped slash, dots that go up, text that is no UTF-8. No id has such parts.
func checkPath(u *url.URL) error {
	refuse := func(description string) error {
		f := fault.Invalid("path", "%s", description)
		f.Reason = "INVALID_PATH"
		return f
	}
	if !utf8.ValidString(u.Path) {
		return refuse("must be UTF-8, percent-escaped")
	}
	if strings.IndexFunc(u.Path, unicode.IsControl) >= 0 {
		return refuse("must not contain control characters")
	}
	if strings.Contains(strings.ToLower(u.EscapedPath()), "%2f") {
		return refuse("must not contain an escaped slash (%2F): ids have none")
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return refuse(`must not contain "." or ".." as a part`)
		}
	}
	return nil
}
