package domain

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

var (
	surveyID   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	responseID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// CheckSurveyID reports an id that no survey can have.
func CheckSurveyID(field, id string) *fault.Fault {
	if !surveyID.MatchString(id) {
		return fault.Invalid(field, "must be 1 to 63 lower-case letters, digits and hyphens, beginning with a letter")
	}
	return nil
}

// CheckResponseID reports an id that no response can have.
func CheckResponseID(field, id string) *fault.Fault {
	if !responseID.MatchString(id) {
		return fault.Invalid(field, "must be 1 to 64 letters, digits, hyphens and underscores")
	}
	return nil
}

// checkLine reports text that does not fit a field of one line: control
// characters (a NUL, a line break), invalid UTF-8, more characters than limit.
func checkLine(field, text string, limit int) *fault.Fault {
	return checkText(field, text, limit, unicode.IsControl, "control characters or line breaks")
}

// checkProse is checkLine for text of several lines.
func checkProse(field, text string, limit int) *fault.Fault {
	forbidden := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }
	return checkText(field, text, limit, forbidden, "control characters")
}

func checkText(field, text string, limit int, forbidden func(rune) bool, what string) *fault.Fault {
	switch {
	case !utf8.ValidString(text):
		return fault.Invalid(field, "must be valid UTF-8")
	case utf8.RuneCountInString(text) > limit:
		return fault.Invalid(field, "must have at most %d characters, has %d", limit, utf8.RuneCountInString(text))
	case strings.ContainsFunc(text, forbidden):
		return fault.Invalid(field, "must hold no %s", what)
	}
	return nil
}

// refuse is a fault that names a field, with a kind and a reason of its own.
func refuse(kind fault.Kind, reason, field, format string, args ...any) *fault.Fault {
	f := fault.Invalid(field, format, args...)
	f.Kind, f.Reason = kind, reason
	return f
}

// faults gathers what is wrong with one record, so that it is told at once.
type faults []*fault.Fault

func (all *faults) add(f *fault.Fault) {
	if f != nil {
		*all = append(*all, f)
	}
}

func (all faults) merged() error { return fault.Merge(all...) }
