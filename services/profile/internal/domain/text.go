package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

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
	case text == "":
	case !utf8.ValidString(text):
		return fault.Invalid(field, "must be valid UTF-8")
	case len(text) > limit && utf8.RuneCountInString(text) > limit:
		return fault.Invalid(field, "must have at most %d characters, has %d", limit, utf8.RuneCountInString(text))
	case strings.ContainsFunc(text, forbidden):
		return fault.Invalid(field, "must hold no %s", what)
	}
	return nil
}

// refuse is a fault that names a field and carries a reason of its own.
func refuse(reason, field, format string, args ...any) *fault.Fault {
	f := fault.Invalid(field, format, args...)
	f.Reason = reason
	return f
}

// faults gathers what is wrong with one record, so that it is told at once.
type faults []*fault.Fault

func (all *faults) add(f *fault.Fault) {
	if f != nil {
		*all = append(*all, f)
	}
}

func (all faults) merged() error {
	return fault.Merge(all...)
}
